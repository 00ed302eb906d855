using System.Text;

namespace Ips.Testing.Processes;

/// <summary>All processes that a test has started, directly or not: they inherit a variable whose value is the test's own.</summary>
internal sealed class MarkedProcesses
{
    private const string Variable = "IPS_PROCESS_TEST";

    private const int PollIntervalMs = 25; // a look at all processes costs milliseconds

    private readonly string _value = Guid.NewGuid().ToString("N");

    /// <summary>The variables of <see cref="Environment"/>, for a program that passes on only what it is told to.</summary>
    public static IReadOnlyList<string> Names { get; } = [Variable];

    /// <summary>What to start processes with.</summary>
    public IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?> { [Variable] = _value };

    /// <summary>Those that run now. A zombie does not.</summary>
    public IReadOnlyList<int> Alive()
    {
        var mark = Encoding.ASCII.GetBytes($"{Variable}={_value}");
        List<int> found = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var pid)) continue;
            try
            {
                if (File.ReadAllBytes($"{folder}/environ").AsSpan().IndexOf(mark) >= 0 && ProcessTable.IsAlive(pid)) found.Add(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is another user's.
            }
        }

        return found;
    }

    /// <summary>Waits until only these run.</summary>
    /// <exception cref="TimeoutException">Others still do; the message names them.</exception>
    public async Task WaitForOnlyAsync(params int[] expected)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        while (Alive().Except(expected).ToList() is { Count: > 0 } others)
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException(
                $"Still running: {string.Join(", ", others.Select(Describe))}.");
            await Task.Delay(PollIntervalMs, CancellationToken.None);
        }
    }

    /// <summary>Kills all of them, and only them.</summary>
    public async Task KillAllAsync()
    {
        while (Alive() is { Count: > 0 } alive)
        {
            foreach (var pid in alive) ProcessTable.Signal(pid, ProcessTable.SigKill);
            foreach (var pid in alive) await ProcessTable.WaitForEndAsync(pid, Limits.Step);
        }
    }

    private static string Describe(int pid)
    {
        try
        {
            return $"{pid} ({File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').TrimEnd()})";
        }
        catch (IOException)
        {
            return $"{pid} (gone)";
        }
    }
}
