using System.Text.RegularExpressions;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What a process has open, in a form that two processes, or one at two times, can be compared by.</summary>
internal static partial class Descriptors
{
    /// <summary>What each descriptor refers to, without inode numbers, in order.</summary>
    public static IReadOnlyList<string> Of(int pid) =>
        [.. ProcessTable.OpenFiles(pid).Where(line => !line.Contains(ProcessTable.ClosedMeanwhile, StringComparison.Ordinal)).Select(line => Inode().Replace(line[(line.IndexOf("-> ", StringComparison.Ordinal) + 3)..], "")).Order(StringComparer.Ordinal)];

    /// <summary>What the main process has open once nothing is left of the test's own requests.</summary>
    /// <param name="service">Its service.</param>
    /// <param name="open">Connections that the test keeps.</param>
    public static async Task<IReadOnlyList<string>> SettledAsync(Service service, int open)
    {
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).OpenConnections <= open);
        return Of(service.MainPid);
    }

    /// <summary>Waits until a process has nothing open that was not open before: closing what a reload needed may follow its outcome by a moment.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="before">What it, or one before it, had open; one that was about to be closed may be among these.</param>
    public static async Task WaitForNoMoreThanAsync(int pid, IReadOnlyList<string> before)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        string more;
        while ((more = Beyond(before, Of(pid))).Length > 0)
        {
            if (deadline.IsCancellationRequested) Assert.Fail($"Process {pid} has open, beyond the {before.Count} descriptors of before:{more}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private static string Beyond(IReadOnlyList<string> before, IReadOnlyList<string> now)
    {
        var had = before.CountBy(name => name).ToDictionary();
        return string.Concat(now.CountBy(name => name).Select(pair => (pair.Key, More: pair.Value - had.GetValueOrDefault(pair.Key)))
            .Where(pair => pair.More > 0).Select(pair => $"{Environment.NewLine}  {pair.More} {pair.Key}"));
    }

    [GeneratedRegex(@":\[\d+\]$")]
    private static partial Regex Inode();
}
