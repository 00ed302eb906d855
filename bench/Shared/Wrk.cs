using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Ips.Bench;

/// <summary>wrk requests <c>/ping</c> as fast as it is answered.</summary>
internal static partial class Wrk
{
    /// <param name="port">A port of 127.0.0.1.</param>
    /// <param name="connections">How many at once, on one thread.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="keepsAlive">Whether a connection is kept for further requests; else each request has its own.</param>
    /// <param name="processor">The only processor that it runs on; null for any.</param>
    /// <param name="cancellationToken">Kills it.</param>
    public static async Task<WrkRun> RunAsync(
        int port, int connections, int seconds, bool keepsAlive = true, int? processor = null,
        CancellationToken cancellationToken = default)
    {
        string[] close = keepsAlive ? [] : ["-H", "Connection: close"];
        using var wrk = Process.Start(
            new ProcessStartInfo(processor is null ? "wrk" : "taskset", [.. processor is null ? [] : Pinned.On(processor.Value, "wrk"),
                "-t1", $"-c{connections}", $"-d{seconds}s", .. close, $"http://127.0.0.1:{port}/ping"])
            {
                RedirectStandardOutput = true,
            }) ?? throw new InvalidOperationException("wrk did not start.");
        using var kill = cancellationToken.Register(wrk.Kill);
        var report = await wrk.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await wrk.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        if (wrk.ExitCode != 0)
        {
            throw new InvalidOperationException($"wrk ended with {wrk.ExitCode}: {report}");
        }

        var errors = Errors().Match(report);
        return new WrkRun(Number(PerSecond().Match(report)), Number(Requests().Match(report)), errors.Success ? errors.Value.Trim() : null);
    }

    private static double Number(Match match) => double.Parse(match.Groups[1].Value);

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"^.*(Socket errors|Non-2xx).*$", RegexOptions.Multiline)]
    private static partial Regex Errors();
}

/// <summary>What one run of wrk saw.</summary>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="Requests">Requests that were answered.</param>
/// <param name="Errors">wrk's own words about those that were not; null if all were.</param>
internal readonly record struct WrkRun(double PerSecond, double Requests, string? Errors);

/// <summary>A program on one processor.</summary>
internal static class Pinned
{
    /// <summary>The arguments of <c>taskset</c>.</summary>
    public static string[] On(int processor, string program) => ["-c", $"{processor}", program];
}
