using System.Runtime.CompilerServices;

namespace Ips.Testing;

/// <summary>Waits for what cannot be listened for.</summary>
internal static class Eventually
{
    private const int PollIntervalMaxMs = 10;

    /// <summary>Returns when the condition holds. What it throws ends the wait.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="Limits.Step"/>.</exception>
    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        TrueAsync(() => Task.FromResult(condition()), what);

    /// <summary>The same for a condition that must be asked for.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="Limits.Step"/>.</exception>
    public static Task TrueAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        TrueAsync(condition, () => what ?? "");

    /// <summary>The same with a message that is made when the time is over.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="Limits.Step"/>.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        for (var interval = 1; !await condition(); interval = Math.Min(2 * interval, PollIntervalMaxMs))
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"There was not {what()} within {Limits.Step.TotalSeconds:0} s.");
            await Task.Delay(interval, CancellationToken.None);
        }
    }
}
