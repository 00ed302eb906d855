using Akka.Actor;
using Akka.Event;
using Ips.Actors.Hosting;

namespace Ips.Actors.Tests.Hosting;

/// <summary>Akka's clock by timers of .NET.</summary>
public sealed class IdleSchedulerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly IdleScheduler _scheduler = new(Akka.Configuration.Config.Empty, NoLogger.Instance);
    private int _times;

    private IAdvancedScheduler Advanced => ((IScheduler)_scheduler).Advanced;

    public void Dispose() => _scheduler.Dispose();

    [Fact]
    public void System_OfIps_HasIt()
    {
        using var system = ActorSystem.Create("test", ActorSystemSettings.Hocon);
        Assert.IsType<IdleScheduler>(system.Scheduler);
    }

    [Fact]
    public async Task Once_IsDoneOnceAndNotBeforeItsTime()
    {
        var began = _scheduler.MonotonicClock;
        var done = new TaskCompletionSource<TimeSpan>();
        Advanced.ScheduleOnce(TimeSpan.FromMilliseconds(60), () => done.SetResult(_scheduler.MonotonicClock));
        Assert.InRange(await done.Task.WaitAsync(Patience) - began, TimeSpan.FromMilliseconds(50), Patience); // timers round
    }

    [Fact]
    public async Task Repeatedly_IsDoneUntilItIsCancelled()
    {
        using var cancelable = new Cancelable((IScheduler)_scheduler);
        var tenth = new TaskCompletionSource();
        Advanced.ScheduleRepeatedly(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), () =>
        {
            if (Interlocked.Increment(ref _times) == 10) tenth.SetResult();
        }, cancelable);
        await tenth.Task.WaitAsync(Patience);
        cancelable.Cancel();
        await AfterAsync(TimeSpan.FromMilliseconds(20)); // what ran in that moment has ended
        var times = _times;
        await AfterAsync(TimeSpan.FromMilliseconds(50));
        Assert.Equal(times, _times);
    }

    [Fact]
    public async Task Repeatedly_AnActionThatThrows_GoesOn()
    {
        var third = new TaskCompletionSource();
        Advanced.ScheduleRepeatedly(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), () =>
        {
            if (Interlocked.Increment(ref _times) == 3) third.SetResult();
            throw new InvalidOperationException("test");
        });
        await third.Task.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(400)] // more than a timer of .NET takes
    public async Task Once_Cancelled_IsNotDone(int days)
    {
        using var cancelable = new Cancelable((IScheduler)_scheduler);
        if (days == 0) cancelable.Cancel();
        Advanced.ScheduleOnce(TimeSpan.FromDays(days), () => Interlocked.Increment(ref _times), cancelable);
        cancelable.Cancel();
        await AfterAsync(TimeSpan.FromMilliseconds(20));
        Assert.Equal(0, _times);
    }

    [Fact]
    public async Task Dispose_EndsAll()
    {
        Advanced.ScheduleOnce(TimeSpan.FromMilliseconds(30), () => Interlocked.Increment(ref _times));
        _scheduler.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Advanced.ScheduleOnce(TimeSpan.Zero, () => { }));
        using var other = new IdleScheduler(Akka.Configuration.Config.Empty, NoLogger.Instance);
        var later = new TaskCompletionSource();
        ((IScheduler)other).Advanced.ScheduleOnce(TimeSpan.FromMilliseconds(60), later.SetResult);
        await later.Task.WaitAsync(Patience);
        Assert.Equal(0, _times);
    }

    // By another timer of the same clock: not to be in step, but to give what must not happen its time.
    private Task AfterAsync(TimeSpan time)
    {
        var done = new TaskCompletionSource();
        Advanced.ScheduleOnce(time, done.SetResult);
        return done.Task.WaitAsync(Patience);
    }
}
