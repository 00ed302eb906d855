namespace Ips.Testing.Load;

/// <summary>A pause that its token cuts short without an exception.</summary>
internal static class Pause
{
    public static Task ForAsync(TimeSpan time, CancellationToken end) => time > TimeSpan.Zero ? WaitAsync(time, end) : Task.CompletedTask;

    private static async Task WaitAsync(TimeSpan time, CancellationToken end) =>
        await Task.Delay(time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
