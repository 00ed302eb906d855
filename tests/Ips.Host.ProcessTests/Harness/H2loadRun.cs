using System.Text.RegularExpressions;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>
/// A client that others wrote: h2load of nghttp2, for 4 s at a steady rate. It does not connect again after a GOAWAY: what it had planned
/// and never begun it calls failed, and also what it had handed to its library and not sent. With one stream at a time there is no such
/// request: the GOAWAY comes while that stream runs.
/// </summary>
internal sealed partial class H2loadRun : IAsyncDisposable
{
    private readonly DaemonProcess _process;

    private H2loadRun(DaemonProcess process) => _process = process;

    /// <summary>Connections of a run.</summary>
    public const int Connections = 8;

    /// <summary>Why it cannot be started here; null if it can.</summary>
    public static string? WhyNot { get; } = (Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [])
        .Any(folder => File.Exists(Path.Combine(folder, "h2load")))
        ? null : "There is no h2load: apt-get install nghttp2-client.";

    /// <summary>Starts it.</summary>
    public static H2loadRun Start(string url) =>
        new(DaemonProcess.Start("h2load", ["-c", $"{Connections}", "-m", "1", "-n", "1600", "--rps", "50", "-T", "30", url]));

    /// <summary>Waits for its end; each request that it began must have succeeded.</summary>
    public async Task AssertSucceedsAsync(ITestOutputHelper output)
    {
        Assert.Equal(0, await _process.WaitForExitAsync(Limits.Step));
        await _process.WaitForOutputEndAsync(Limits.Step);
        var line = Assert.Single(_process.Lines, line => line.Text.StartsWith("requests: ", StringComparison.Ordinal)).Text;
        output.WriteLine(line);
        var counts = Counts().Match(line);
        Assert.NotEqual("0", counts.Groups["started"].Value);
        Assert.Equal(counts.Groups["started"].Value, counts.Groups["done"].Value);
        Assert.Equal(counts.Groups["started"].Value, counts.Groups["ok"].Value);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    [GeneratedRegex(@" (?<started>\d+) started, (?<done>\d+) done, (?<ok>\d+) succeeded,.* 0 timeout$")]
    private static partial Regex Counts();
}
