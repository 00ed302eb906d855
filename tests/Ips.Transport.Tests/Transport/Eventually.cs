using System.Diagnostics;

namespace Ips.Transport.Tests.Transport;

/// <summary>Waits for what has no event to wait for, and not for ever.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Limit, $"Not true after {Limit.TotalSeconds} s: {what}");
            await Task.Delay(1);
        }
    }
}
