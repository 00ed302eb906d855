using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Output;
using Ips.Actors.Posix;

namespace Ips.Actors.Tests.Reloader;

/// <summary>A successor without a process: what it is sent and signalled goes to a probe, what it says and how it ends is the
/// test's.</summary>
internal sealed class FakeSuccessor(int pid, IActorRef told) : ISpawnedGeneration, IHandoverChannel
{
    private readonly Lock _gate = new();
    private readonly Queue<ChannelEvent> _waiting = new();
    private readonly TaskCompletionSource<ProcessExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<ChannelEvent>? _subscriber;

    public int Pid => pid;

    public IHandoverChannel Channel => this;

    public FakeOutput Captured { get; } = new();

    public ISuccessorOutput Output => Captured;

    public Task<ProcessExit> Exited => _exited.Task;

    /// <summary>Nobody receives at the other end.</summary>
    public bool Deaf { get; set; }

    /// <summary>When the other end has what was sent.</summary>
    public Task Flushed { get; set; } = Task.CompletedTask;

    public bool Disposed { get; private set; }

    public void Say(HandoverFrame frame, params int[] fds) => Publish(new ChannelEvent.Received(frame, fds));

    public void CloseChannel(string? error = null) => Publish(new ChannelEvent.Closed(error));

    public void End(int code, int signal = 0) => _exited.TrySetResult(new ProcessExit(code, signal));

    public void Signal(int signal) => told.Tell($"signal {SignalNumbers.Name(signal)}");

    public void Subscribe(Action<ChannelEvent> subscriber)
    {
        lock (_gate)
        {
            _subscriber = subscriber;
            while (_waiting.TryDequeue(out var waiting))
            {
                subscriber(waiting);
            }
        }
    }

    public bool TrySend(HandoverFrame frame, ReadOnlySpan<int> fds = default)
    {
        if (!Deaf)
        {
            told.Tell(new Sent(frame, fds.ToArray()));
        }

        return !Deaf;
    }

    public Task FlushAsync(TimeSpan timeout) => Flushed;

    public void Dispose() => Disposed = true;

    private void Publish(ChannelEvent channelEvent)
    {
        lock (_gate)
        {
            if (_subscriber is { } subscriber)
            {
                subscriber(channelEvent);
            }
            else
            {
                _waiting.Enqueue(channelEvent);
            }
        }
    }

    /// <summary>What was sent to it.</summary>
    public sealed record Sent(HandoverFrame Frame, IReadOnlyList<int> Fds);
}

/// <summary>What a successor wrote, as the test says.</summary>
internal sealed class FakeOutput : ISuccessorOutput
{
    public IReadOnlyList<string> Lines { get; set; } = [];

    public (byte[] Output, byte[] Error) Pending { get; set; } = ([], []);

    public IReadOnlyList<string> Sync() => Lines;

    public (byte[] Output, byte[] Error) HandOver() => Pending;

    /// <summary>The last word; null before the first.</summary>
    public bool? Limited { get; private set; }

    public void Limit(bool limited) => Limited = limited;

    public void Close()
    {
    }
}

/// <summary>Hands out <see cref="FakeSuccessor"/>s with PIDs from 101 on, or fails.</summary>
internal sealed class FakeLauncher(IActorRef told) : IGenerationLauncher
{
    private int _lastPid = 100;

    public List<FakeSuccessor> Launched { get; } = [];

    public PosixException? Error { get; set; }

    public FakeSuccessor Last => Launched[^1];

    /// <summary>The folder of the release that was launched last; null for the release in place.</summary>
    public string? Folder { get; private set; }

    public ISpawnedGeneration Launch(int generation, string? folder = null)
    {
        if (Error is { } error)
        {
            throw error;
        }

        Folder = folder;
        Launched.Add(new FakeSuccessor(++_lastPid, told));
        return Last;
    }
}
