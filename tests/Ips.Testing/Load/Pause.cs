using System.Diagnostics;

namespace Ips.Testing.Load;

/// <summary>A pause that its token cuts short without an exception, and that is never shorter than asked for, as
/// <see cref="Task.Delay(TimeSpan)"/> can be by a millisecond.</summary>
internal static class Pause
{
    public static Task ForAsync(TimeSpan time, CancellationToken end) => time > TimeSpan.Zero ? WaitAsync(time, end) : Task.CompletedTask;

    private static async Task WaitAsync(TimeSpan time, CancellationToken end)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!end.IsCancellationRequested && time - Stopwatch.GetElapsedTime(begun) is var left && left > TimeSpan.Zero)
        {
            var delay = Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), end);
            await delay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
