using System.Text.Json;

namespace Worker;

/// <summary>An order.</summary>
internal sealed record Order(string Item);

/// <summary>The orders as files: <c>inbox/ID</c> for each that waits, and a line of <c>done.log</c> for each that is done. It is not in the
/// release's own folder, because each generation works on what the others have accepted.</summary>
internal sealed class OrderFolder
{
    private readonly string _inbox, _done;

    public OrderFolder(string folder)
    {
        _inbox = Directory.CreateDirectory(Path.Combine(folder, "inbox")).FullName;
        _done = Path.Combine(folder, "done.log");
    }

    public int Done => File.Exists(_done) ? File.ReadLines(_done).Count() : 0;

    /// <summary>Accepts an order. Any generation may.</summary>
    public string Add(Order order)
    {
        var id = $"{DateTime.UtcNow:yyyyMMddHHmmssfffffff}-{Guid.NewGuid():N}";
        var unfinished = Path.Combine(_inbox, $".{id}");
        File.WriteAllText(unfinished, JsonSerializer.Serialize(order));
        File.Move(unfinished, Path.Combine(_inbox, id)); // under its name it is whole
        return id;
    }

    /// <summary>The orders that wait, oldest first.</summary>
    public IReadOnlyList<string> Waiting() => [.. Directory.EnumerateFiles(_inbox).Select(path => Path.GetFileName(path))
        .Where(name => name is not ['.', ..]).Order(StringComparer.Ordinal)];

    /// <summary>Notes who has worked on an order. A process that is killed between these lines leaves it to be done once more.</summary>
    public void Finish(string id, string by)
    {
        File.AppendAllText(_done, $"{id} {by}\n");
        File.Delete(Path.Combine(_inbox, id));
    }
}
