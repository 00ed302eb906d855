using System.Text.RegularExpressions;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What a process has open, in a form that two processes, or one at two times, can be compared by.</summary>
internal static partial class Descriptors
{
    /// <summary>What each descriptor refers to, without inode numbers, in order.</summary>
    public static IReadOnlyList<string> Of(int pid) =>
        [.. ProcessTable.OpenFiles(pid).Where(line => !line.Contains(ProcessTable.ClosedMeanwhile, StringComparison.Ordinal)).Select(line => Inode().Replace(line[(line.IndexOf("-> ", StringComparison.Ordinal) + 3)..], "")).Order(StringComparer.Ordinal)];

    /// <summary>Waits until a process has exactly these open: closing what a reload needed may follow its outcome by a moment.</summary>
    public static async Task WaitForAsync(int pid, IReadOnlyList<string> expected)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        IReadOnlyList<string> now;
        while (!(now = Of(pid)).SequenceEqual(expected))
        {
            if (deadline.IsCancellationRequested) Assert.Fail($"Process {pid} has {now.Count} descriptors instead of {expected.Count}.{Difference(expected, now)}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private static string Difference(IReadOnlyList<string> expected, IReadOnlyList<string> now)
    {
        var counts = now.CountBy(name => name).Concat(expected.CountBy(name => name).Select(pair => KeyValuePair.Create(pair.Key, -pair.Value)));
        return string.Concat(counts.GroupBy(pair => pair.Key).Select(group => (group.Key, Sum: group.Sum(pair => pair.Value)))
            .Where(pair => pair.Sum != 0).Select(pair => $"{Environment.NewLine}  {pair.Sum:+0;-0} {pair.Key}"));
    }

    [GeneratedRegex(@":\[\d+\]$")]
    private static partial Regex Inode();
}
