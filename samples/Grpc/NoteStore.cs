using Microsoft.Data.Sqlite;

namespace Notes;

/// <summary>The notes in SQLite, which both generations have open. It is not in the release's own folder.</summary>
internal sealed class NoteStore
{
    private readonly string _connection;

    public NoteStore(string folder)
    {
        _connection = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(Directory.CreateDirectory(folder).FullName, "notes.db"),
        }.ToString();
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
            """;
        command.ExecuteNonQuery();
    }

    /// <summary>Adds a note, unless there is one with its id.</summary>
    public Note Add(NewNote note)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO notes (id, text) VALUES ($id, $text) ON CONFLICT (id) DO NOTHING;
            SELECT number, text FROM notes WHERE id = $id;
            """;
        command.Parameters.AddWithValue("$id", note.Id);
        command.Parameters.AddWithValue("$text", note.Text);
        return Read(command).Single();
    }

    /// <summary>The notes after a number, in order.</summary>
    public IReadOnlyList<Note> After(long number)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT number, text FROM notes WHERE number > $number ORDER BY number LIMIT 1000";
        command.Parameters.AddWithValue("$number", number);
        return Read(command);
    }

    private static List<Note> Read(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        List<Note> notes = [];
        while (reader.Read()) notes.Add(new Note { Number = reader.GetInt64(0), Text = reader.GetString(1) });
        return notes;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();
        return connection;
    }
}
