using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>A process that must outlive its hostile peers and keep nothing of them.</summary>
internal sealed class WatchedProcess : IAsyncDisposable
{
    // A thread of the runtime's own pool may come at any time; those of a channel have a name.
    private const string ChannelThread = "ips-";

    private readonly IReadOnlyList<string> _descriptors;
    private readonly int _threads;
    private readonly long _residentKiB;
    private readonly long _startedAt;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _sampling;

    private WatchedProcess(int pid, IReadOnlyList<string> mayHave)
    {
        (Pid, _descriptors) = (pid, mayHave);
        Before = ProcessTable.OpenFileDescriptors(pid);
        (_threads, _residentKiB, _startedAt) = (ChannelThreads(), ResidentKiB(), ProcessTable.StartTimeOf(pid)!.Value);
        _sampling = SampleAsync();
    }

    public int Pid { get; }

    /// <summary>Open descriptors at the beginning.</summary>
    public int Before { get; }

    /// <summary>The most that were seen open at once.</summary>
    public int Peak { get; private set; }

    /// <summary>Begins to watch.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="mayHave">What it may have open at the end, in the form of <see cref="Descriptors.Of"/>.</param>
    public static WatchedProcess Begin(int pid, IReadOnlyList<string> mayHave) => new(pid, mayHave);

    /// <summary>Whether it still is the process that it was.</summary>
    public bool IsAlive => ProcessTable.IsAlive(Pid) && ProcessTable.StartTimeOf(Pid) == _startedAt;

    /// <summary>Nothing of its peers is left in it.</summary>
    /// <param name="residentGrowthMaxKiB">How much more memory it may have than at the beginning.</param>
    public async Task<string> AssertNothingLeftAsync(long residentGrowthMaxKiB)
    {
        Assert.True(IsAlive, $"Process {Pid} has ended.");
        await Descriptors.WaitForNoMoreThanAsync(Pid, _descriptors);
        await Eventually.TrueAsync(() => ChannelThreads() <= _threads, $"an end of the channels' threads of {Pid} but {_threads}");
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(Pid).All(ProcessTable.IsAlive), $"an end of the zombies of {Pid}");
        var grown = ResidentKiB() - _residentKiB;
        Assert.InRange(grown, long.MinValue, residentGrowthMaxKiB);
        return $"process {Pid}: {Before} descriptors before, at most {Peak}, {ProcessTable.OpenFileDescriptors(Pid)} after; resident "
            + $"memory grew by {grown} KiB";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _sampling;
        _end.Dispose();
    }

    private async Task SampleAsync()
    {
        while (!_end.IsCancellationRequested && IsAlive)
        {
            try
            {
                Peak = Math.Max(Peak, ProcessTable.OpenFileDescriptors(Pid));
            }
            catch (DirectoryNotFoundException)
            {
                return; // it has ended: IsAlive reports that
            }

            await Task.Delay(5, CancellationToken.None);
        }
    }

    private int ChannelThreads() => ProcessTable.ThreadNames(Pid).Count(name => name.StartsWith(ChannelThread, StringComparison.Ordinal));

    private long ResidentKiB() => ProcFs.ResidentBytes(Pid) / 1024;
}
