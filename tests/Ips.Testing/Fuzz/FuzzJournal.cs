using System.Globalization;
using System.Text;

namespace Ips.Testing.Fuzz;

/// <summary>The requests that the app was given, as far as its own code saw them: one that ran twice, or that nobody has sent, shows here
/// even if no client sees it. A file for each process, in the folder that <see cref="Variable"/> names.</summary>
internal sealed class FuzzJournal : IDisposable
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "FUZZ_JOURNAL";

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly FileStream _file;

    private FuzzJournal(string folder)
    {
        _folder = folder;
        _file = new FileStream(
            Path.Combine(folder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), FileMode.Append, FileAccess.Write,
                FileShare.ReadWrite, bufferSize: 0);
    }

    /// <summary>The process's own; null if the environment names no folder.</summary>
    public static FuzzJournal? Open() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? new FuzzJournal(folder)
        : null;

    /// <summary>The ids that all processes have written.</summary>
    public static IReadOnlyList<string> Read(string folder) => [.. Directory.EnumerateFiles(folder).SelectMany(File.ReadAllLines)];

    /// <summary>Lets requests go on that wait for a word (<c>until</c> in their query).</summary>
    public static void Release(string folder, string word) => Directory.CreateDirectory(Path.Combine(folder, word));

    /// <summary>Waits for a word.</summary>
    public async Task WaitAsync(string word, CancellationToken cancellationToken)
    {
        while (!Directory.Exists(Path.Combine(_folder, word))) await Task.Delay(s_pollInterval, cancellationToken);
    }

    /// <summary>A request begins.</summary>
    public void Write(string id)
    {
        var line = Encoding.UTF8.GetBytes($"{id}\n");
        lock (_lock) _file.Write(line);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
