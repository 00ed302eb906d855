using System.Diagnostics;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Measures how late this machine wakes a thread, so that a bound on a service's time allows for a busy machine and for no more.</summary>
internal sealed class MachineNoise : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly Thread _thread;
    private long _worst;
    private volatile bool _isStopped;

    public MachineNoise()
    {
        _thread = new Thread(Measure) { IsBackground = true, Name = "machine noise" };
        _thread.Start();
    }

    /// <summary>The longest delay so far.</summary>
    public TimeSpan Worst => TimeSpan.FromTicks(Interlocked.Read(ref _worst));

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopped = true;
        _thread.Join();
    }

    private void Measure()
    {
        while (!_isStopped)
        {
            var began = Stopwatch.GetTimestamp();
            Thread.Sleep(Interval);
            var late = Stopwatch.GetElapsedTime(began) - Interval;
            if (late > Worst) Interlocked.Exchange(ref _worst, late.Ticks);
        }
    }
}
