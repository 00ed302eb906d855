namespace Ips.Host.ProcessTests.Harness;

/// <summary>Waits for what cannot be listened for.</summary>
internal static class Eventually
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="Limits.Step"/>.</exception>
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        while (!condition())
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException($"There was not {what} within {Limits.Step.TotalSeconds:0} s.");
            await Task.Delay(PollInterval, CancellationToken.None);
        }
    }
}
