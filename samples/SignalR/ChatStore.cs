using Microsoft.Data.Sqlite;

namespace Chat;

/// <summary>The messages in SQLite, which both generations have open. It is not in the release's own folder.</summary>
internal sealed class ChatStore
{
    private readonly string _connection;

    public ChatStore(string folder)
    {
        _connection = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(Directory.CreateDirectory(folder).FullName, "chat.db"),
        }.ToString();
        Read("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS messages
                (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, author TEXT NOT NULL, text TEXT NOT NULL);
            """);
    }

    /// <summary>Adds a message, unless there is one with its id.</summary>
    public Message Add(string id, string author, string text) => Read("""
        INSERT INTO messages (id, author, text) VALUES ($id, $author, $text) ON CONFLICT (id) DO NOTHING;
        SELECT number, author, text FROM messages WHERE id = $id;
        """, ("$id", id), ("$author", author), ("$text", text)).Single();

    /// <summary>The messages after a number, in order.</summary>
    public IReadOnlyList<Message> After(long number) => Read(
        "SELECT number, author, text FROM messages WHERE number > $number ORDER BY number LIMIT 1000", ("$number", number));

    /// <summary>The number of the last message; 0 if there is none.</summary>
    public long Last() => Read("SELECT number, '', '' FROM messages ORDER BY number DESC LIMIT 1") is [var last] ? last.Number : 0;

    private List<Message> Read(string sql, params (string Name, object Value)[] parameters)
    {
        using var connection = new SqliteConnection(_connection);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        using var reader = command.ExecuteReader();
        List<Message> messages = [];
        while (reader.FieldCount == 3 && reader.Read()) messages.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        return messages;
    }
}
