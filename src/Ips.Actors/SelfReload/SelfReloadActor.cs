using System.Diagnostics;
using System.Reflection;
using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.SelfReload;

/// <summary>What <see cref="SelfReloadActor"/> looks at.</summary>
internal sealed class SelfReloadSight
{
    /// <summary>Time since the process started.</summary>
    public required Func<TimeSpan> Age { get; init; }

    /// <summary>The release in place, if it is another one.</summary>
    public Func<DiskChange?> Release { get; init; } = () => null;

    /// <summary>The runtime on disk, if it is another one.</summary>
    public Func<DiskChange?> Runtime { get; init; } = () => null;

    /// <summary>Resident memory and what is left, in bytes.</summary>
    public Func<(long Used, long Room)> Memory { get; init; } = () => (0, long.MaxValue);

    /// <summary>An operator has paused the service.</summary>
    public Func<bool> Paused { get; init; } = () => false;

    /// <summary>What was seen and tried so far.</summary>
    public SelfReloadMachine Machine { get; set; } = new();

    /// <summary>A number from 0 to 1.</summary>
    public Func<double> Random { get; init; } = System.Random.Shared.NextDouble;

    /// <summary>What this process sees.</summary>
    /// <param name="rules">Only what they name is looked at.</param>
    /// <param name="command">How it was started.</param>
    /// <param name="startedAt">When it was started.</param>
    /// <param name="runtime">Its runtime; null if the app brings its own.</param>
    /// <param name="paused">Whether an operator has paused it.</param>
    [SupportedOSPlatform("linux")]
    public static SelfReloadSight OfThisProcess(
        SelfReloadRules rules, StartCommand command, DateTimeOffset startedAt, RuntimeOnDisk? runtime, Func<bool> paused)
    {
        var release = rules.Release
            ? new ReleaseInPlace(command.AppPath($"{Assembly.GetEntryAssembly()?.GetName().Name}.dll"), AppContext.BaseDirectory) : null;
        // Beside the start: what is not loaded when the runtime is removed cannot be loaded later.
        if (rules.Runtime && runtime is not null) Task.Run(RuntimeOnDisk.LoadAll);
        var age = Stopwatch.GetTimestamp() - (long)((DateTimeOffset.UtcNow - startedAt).TotalSeconds * Stopwatch.Frequency);
        return new()
        {
            Age = () => Stopwatch.GetElapsedTime(age),
            Release = () => release?.Change(),
            Runtime = () => runtime?.Change(),
            Memory = () => rules.MaxMemoryBytes > 0 ? (Environment.WorkingSet, MemoryRoom.Bytes()) : (0, long.MaxValue),
            Paused = paused,
        };
    }
}

/// <summary>Looks now and then whether the service is to be reloaded by itself, and asks LifecycleActor for it.</summary>
/// <remarks>A restart loses nothing: what was seen and tried lives in <see cref="SelfReloadSight.Machine"/>.</remarks>
internal sealed class SelfReloadActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan s_soonest = TimeSpan.FromMilliseconds(100), s_latest = TimeSpan.FromSeconds(10);

    private readonly SelfReloadRules _rules;
    private readonly SelfReloadSight _sight;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;

    /// <param name="rules">When to reload.</param>
    /// <param name="sight">What is looked at.</param>
    /// <param name="lifecycle">Who reloads.</param>
    /// <param name="log">For reloads and warnings.</param>
    public SelfReloadActor(SelfReloadRules rules, SelfReloadSight sight, IActorRef lifecycle, ILogger log) =>
        (_rules, _sight, _lifecycle, _log) = (rules, sight, lifecycle, log);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Time between two looks: a quarter of the interval, within bounds.</summary>
    internal static TimeSpan Pause(TimeSpan interval) =>
        interval / 4 < s_soonest ? s_soonest : interval / 4 > s_latest ? s_latest : interval / 4;

    protected override void PreStart()
    {
        var pause = Pause(_rules.Interval);
        Timers.StartPeriodicTimer(nameof(Look), new Look(), pause, pause);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Look: _lifecycle.Tell(new LifecycleProtocol.GetWatch()); break;
            case LifecycleProtocol.WatchReply reply: Decide(reply); break;
            default: Unhandled(message); break;
        }
    }

    private void Decide(LifecycleProtocol.WatchReply reply)
    {
        if (!reply.State.IsMain) return;
        var (used, room) = _sight.Memory();
        var facts = new SelfReloadFacts(
            _sight.Age(), reply is { State: LifecycleState.Serving, Reload: null, Pending: null } && !_sight.Paused())
        {
            Release = _sight.Release(), Runtime = _sight.Runtime(), MemoryBytes = used, RoomBytes = room,
        };
        (_sight.Machine, var order) = _sight.Machine.Look(_rules, facts, _sight.Random());
        switch (order)
        {
            case SelfReloadOrder.Reload reload:
                _lifecycle.Tell(new LifecycleProtocol.Reload(reload.Why, CheckFirst: true) { Trigger = ReloadTrigger.Self });
                break;
            case SelfReloadOrder.WarnOfMemory warning:
                _log.NoRoomForSuccessor(warning.MemoryBytes >> 20, warning.RoomBytes >> 20);
                break;
        }
    }

    private sealed record Look;
}

internal static partial class SelfReloadLog
{
    [LoggerMessage(EventIds.NoRoomForSuccessor, LogLevel.Warning,
        "Uses {MemoryMiB} MiB, over ips.reload.max-memory; {RoomMiB} MiB are too few for a successor.")]
    public static partial void NoRoomForSuccessor(this ILogger logger, long memoryMiB, long roomMiB);
}
