using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Measures how late this machine wakes a thread and how long it keeps one from its work, so that a bound on a service's time
/// allows for a busy machine and for no more.</summary>
internal sealed partial class MachineNoise : IDisposable
{
    private const int ClockThreadCpuTimeId = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50), Work = TimeSpan.FromMilliseconds(5);

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
            for (var until = CpuTime() + Work; CpuTime() < until;)
            {
            }

            var late = Stopwatch.GetElapsedTime(began) - Interval - Work;
            if (late > Worst) Interlocked.Exchange(ref _worst, late.Ticks);
        }
    }

    private static TimeSpan CpuTime() => ClockGetTime(ClockThreadCpuTimeId, out var time) == 0
        ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000)
        : throw new InvalidOperationException($"clock_gettime: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
