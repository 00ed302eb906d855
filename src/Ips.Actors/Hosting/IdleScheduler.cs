using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Ips.Actors.Hosting;

/// <summary>Akka's clock, by timers of .NET. Akka's own looks a hundred times a second whether something is due, from the first message
/// that is scheduled on: a process that has reloaded once would use several percent of a processor while it is idle.</summary>
internal sealed class IdleScheduler : SchedulerBase, IDateTimeOffsetNowTimeProvider, IDisposable
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(40); // .NET's timers take no more than 49 days
    private static readonly TimeSpan s_early = TimeSpan.FromSeconds(1); // by the difference of two clocks at most

    private readonly ConcurrentDictionary<Scheduled, bool> _scheduled = new(); // a timer that nobody refers to is collected
    private volatile bool _disposed;

    /// <summary>As Akka makes it, by its name.</summary>
    public IdleScheduler(Config settings, ILoggingAdapter log) : base(settings, log)
    {
    }

    /// <inheritdoc/>
    public override TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(0);

    /// <inheritdoc/>
    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => DateTimeOffset.Now;

    /// <summary>Nothing is due from now on.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (var scheduled in _scheduled.Keys) scheduled.Dispose();
    }

    /// <inheritdoc/>
    protected override void InternalScheduleTellOnce(
        TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(delay, null, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) =>
        Schedule(delay, null, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) =>
        Schedule(initialDelay, interval, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) =>
        Schedule(delay, null, action.Run, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Schedule(initialDelay, interval, action.Run, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan? interval, Action action, ICancelable? cancelable)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (cancelable is { IsCancellationRequested: true }) return;
        var scheduled = new Scheduled(this, interval, action);
        _scheduled.TryAdd(scheduled, true);
        scheduled.Arm(delay, cancelable);
        if (_disposed) scheduled.Dispose(); // meanwhile
    }

    private sealed class Scheduled : IDisposable
    {
        private readonly IdleScheduler _owner;
        private readonly TimeSpan? _interval;
        private readonly Action _action;
        private readonly Timer _timer;
        private TimeSpan _dueAt; // by the monotonic clock
        private CancellationTokenRegistration _cancellation;

        public Scheduled(IdleScheduler owner, TimeSpan? interval, Action action)
        {
            (_owner, _interval, _action) = (owner, interval, action);
            using var flow = ExecutionContext.SuppressFlow(); // what a request carries must not live as long as a timer
            _timer = new Timer(static state => ((Scheduled)state!).Due(), this, Timeout.Infinite, Timeout.Infinite);
        }

        public void Arm(TimeSpan delay, ICancelable? cancelable)
        {
            _dueAt = _owner.MonotonicClock + delay;
            Set();
            if (cancelable is null) return;
            _cancellation = cancelable.Token.UnsafeRegister(static state => ((Scheduled)state!).Dispose(), this);
        }

        public void Dispose()
        {
            _owner._scheduled.TryRemove(this, out _);
            _timer.Dispose();
            _cancellation.Unregister();
        }

        private void Set()
        {
            var delay = _dueAt - _owner.MonotonicClock;
            if (delay < TimeSpan.Zero) delay = TimeSpan.Zero;
            if (_owner._scheduled.ContainsKey(this)) _timer.Change(delay < s_longest ? delay : s_longest, Timeout.InfiniteTimeSpan);
        }

        private void Due()
        {
            if (!_owner._scheduled.ContainsKey(this)) return; // cancelled meanwhile
            if (_dueAt - _owner.MonotonicClock > s_early)
            {
                Set();
                return;
            }

            if (_interval is null) Dispose();
            try
            {
                _action();
            }
            catch (Exception e) // as Akka's own does
            {
                _owner.Log.Error(e, "A scheduled action failed.");
            }

            if (_interval is not { } interval) return;
            _dueAt += interval; // an even rate, whatever an action takes
            Set();
        }
    }
}
