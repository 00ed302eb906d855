using System.Diagnostics;
using Ips.Testing.Load;

namespace Ips.Bench.Peers;

/// <summary>A light, even load of clients that never retry, half of them near and half far; it keeps each answer.</summary>
internal sealed class ReloadLoad : IAsyncDisposable
{
    /// <summary>Connections that are kept, near and far ones together.</summary>
    public const int KeptConnections = 2 * (Busy + Idle);

    private const int Busy = 4, Idle = 24, OneShot = 2;

    private readonly Lock _lock = new();
    private readonly List<LoadAnswer> _answers = new(100_000);
    private readonly StrictLoad _near;
    private readonly StrictLoad _far;
    private readonly HashSet<int> _known = [];
    private readonly TaskCompletionSource<LoadAnswer> _firstOfNew = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _asked;

    public ReloadLoad(int port, bool idleOnly = false)
    {
        var options = new LoadOptions
        {
            Target = LoadTarget.Loopback(port),
            BusyWorkers = idleOnly ? 0 : Busy,
            IdleWorkers = Idle,
            OneShotWorkers = OneShot,
            StreamWorkers = 0,
            UploadWorkers = 0,
            // Pauses that leave most of two processors idle: what is looked for is what a reload adds, not who queues longest.
            BusyThinkTime = TimeSpan.FromMilliseconds(2),
            OneShotThinkTime = TimeSpan.FromMilliseconds(4),
            IdleIntervalMin = TimeSpan.FromMilliseconds(200),
            IdleIntervalMax = TimeSpan.FromSeconds(1),
            OnAnswer = Add,
        };
        _near = StrictLoad.Start(options);
        _far = StrictLoad.Start(options with { Distance = LoadDistance.Far, Seed = 2 });
    }

    /// <summary>The first answer of a generation that had not answered when <see cref="BeginReload"/> was called.</summary>
    public Task<LoadAnswer> FirstOfNew => _firstOfNew.Task;

    /// <summary>Each kind of worker of both loads was answered once more.</summary>
    public Task WaitForRequestsAsync(TimeSpan timeout) => Task
        .WhenAll(_near.WaitForRequestsAsync(1, timeout), _far.WaitForRequestsAsync(1, timeout));

    /// <summary>From here on a mark that is not known is the new generation's.</summary>
    public void BeginReload()
    {
        lock (_lock)
        {
            _asked = true;
        }
    }

    /// <summary>What was seen so far.</summary>
    public (LoadReport Near, LoadReport Far) Snapshot() => (_near.Snapshot(), _far.Snapshot());

    /// <summary>Ends both and tells what was seen.</summary>
    public async Task<(LoadReport Near, LoadReport Far, IReadOnlyList<LoadAnswer> Answers, IReadOnlySet<int> Old)> StopAsync()
    {
        var reports = await Task.WhenAll(_near.StopAsync(), _far.StopAsync());
        return (reports[0], reports[1], _answers, _known);
    }

    public async ValueTask DisposeAsync()
    {
        await _near.DisposeAsync();
        await _far.DisposeAsync();
    }

    private void Add(LoadAnswer answer)
    {
        var mark = answer.Generation
            ?? throw new InvalidOperationException("A response has no X-Ips-Generation, so generations cannot be told apart.");
        lock (_lock)
        {
            _answers.Add(answer);
            if (!_asked)
            {
                _known.Add(mark);
            }
            else if (!_known.Contains(mark))
            {
                _firstOfNew.TrySetResult(answer);
            }
        }
    }
}
