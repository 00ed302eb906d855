using System.Collections.Concurrent;
using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A process that only notes what LifecycleActor does to it.</summary>
internal sealed class RecordingProcess : ICurrentProcess
{
    private readonly TaskCompletionSource<ExitCode> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<string> Calls { get; } = new();

    public int Pid => 4711;

    public int Generation => 7;

    public string Release => "1.2.3";

    public Task<ExitCode> Exited => _exit.Task;

    public Func<IReadOnlyList<string>> Check { get; set; } = () => [];

    public Func<string?> Log { get; set; } = () => null;

    public bool PublishFails { get; set; }

    public string? Obstacle { get; set; }

    public string? ReloadObstacle() => Obstacle;

    public IReadOnlyList<EndpointOffer> MovableEndpoints() => [new("127.0.0.1:8080", 0)];

    public IReadOnlyList<EndpointOffer> AcceptedEndpoints() => [new("127.0.0.1:8080", 0)];

    public string? KeptState { get; set; }

    public void PublishIdentity() => Note(nameof(PublishIdentity), PublishFails);

    public void HandOverIdentity(bool toTakeover) => Note(toTakeover ? $"{nameof(HandOverIdentity)} to a takeover"
        : nameof(HandOverIdentity));

    public void KeepSockets() => Note(nameof(KeepSockets));

    public void DropSockets() => Note(nameof(DropSockets));

    public void RestartService(bool own) => Note($"{nameof(RestartService)} of {(own ? "its own release" : "the last good release")}");

    public Task RestartOver { get; set; } = Task.CompletedTask;

    public void RetractIdentity(bool handedOver) => Note(handedOver ? $"{nameof(RetractIdentity)} handed over" : nameof(RetractIdentity));

    public void RenewIdentity() => Note(nameof(RenewIdentity));

    public void ReportStarted() => Note(nameof(ReportStarted));

    public string? ReopenLog()
    {
        Note(nameof(ReopenLog));
        return Log();
    }

    public ReleaseStamp? InPlace { get; set; }

    /// <summary>What is passed on, and the answer to it.</summary>
    public ConcurrentQueue<ReloadRequest> PassedOn { get; } = new();

    public Func<ReloadRequest, Task<string?>> TakePassedOn { get; set; } = _ => Task.FromResult<string?>(null);

    /// <summary>What was last kept.</summary>
    public IReadOnlyList<ReloadReceipt> Kept { get; private set; } = [];

    public ConcurrentQueue<ReloadReceipt> AddedLate { get; } = new();

    public ReleaseStamp? ReleaseInPlace() => InPlace;

    public Task<string?> PassOnReloadAsync(ReloadRequest request)
    {
        PassedOn.Enqueue(request);
        return TakePassedOn(request);
    }

    public void KeepHistory(IReadOnlyList<ReloadReceipt> receipts) => Kept = receipts;

    public void AddToHistory(ReloadReceipt receipt) => AddedLate.Enqueue(receipt);

    public IReadOnlyList<string> CheckConfiguration() => Check();

    public Task HostTold { get; set; } = Task.CompletedTask;

    public void StopHost() => Note(nameof(StopHost));

    public void Exit(ExitCode code)
    {
        Note($"Exit {code}");
        _exit.TrySetResult(code);
    }

    private void Note(string call, bool fails = false)
    {
        Calls.Enqueue(call);
        if (fails)
        {
            throw new InvalidOperationException($"{call} fails, as the test asked");
        }
    }

    public bool RestorePaths(IReadOnlyList<ReloadReceipt> history) => false;
}
