using System.Runtime.CompilerServices;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Waits for what cannot be listened for.</summary>
internal static class Eventually
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="Limits.Step"/>.</exception>
    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        TrueAsync(() => Task.FromResult(condition()), what);

    /// <summary>The same for a condition that must be asked for.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="Limits.Step"/>.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        while (!await condition())
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException($"There was not {what} within {Limits.Step.TotalSeconds:0} s.");
            await Task.Delay(PollInterval, CancellationToken.None);
        }
    }
}
