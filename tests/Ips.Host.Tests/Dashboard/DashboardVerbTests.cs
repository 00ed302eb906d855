using Ips.Host.Cli;
using Ips.Host.Dashboard;
using Ips.Host.Tests.Cli;

namespace Ips.Host.Tests.Dashboard;

/// <summary>The report of <c>ips dashboard --all --once</c>, of services that come and go while it is written.</summary>
[Trait("issue", "16")]
public sealed class DashboardVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [Fact]
    public async Task AllOnce_OneOfTwoEndsInTheMiddle_ReportsTheOther()
    {
        using var serving = new FakeControlSocket(SocketPath("shop"), Answer);
        using var ending = new FakeControlSocket(SocketPath("old"), _ => "");
        Assert.Equal(CliExitCode.Ok, await RunAsync(SocketPath("old"), SocketPath("shop")));
        Assert.Contains($"{_folder}/shop.pid", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain($"{_folder}/old.pid", _output.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("ips: left out of the report: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{_folder}/old.pid.sock", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllOnce_NobodyAnswers_Fails()
    {
        using var first = new FakeControlSocket(SocketPath("one"), _ => "");
        using var second = new FakeControlSocket(SocketPath("two"), _ => "");
        var failure = await Assert.ThrowsAsync<CliException>(() => RunAsync(SocketPath("one"), SocketPath("two")));
        Assert.Equal("No daemon answered; the report was not written.", failure.Message);
    }

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Answer(string request) => request.Contains("history", StringComparison.Ordinal)
        ? """{"kind":"history","final":true,"history":[]}""" + "\n"
        : """{"kind":"status","final":true,"status":{"pid":7,"generation":2,"state":"Serving","release":"1.0","""
            + """ "startedAt":"2026-01-02T03:04:05+00:00","endpoints":[],"openConnections":0,"runningRequests":0}}""" + "\n";

    private string SocketPath(string name) => Path.Combine(_folder, $"{name}.pid.sock");

    private Task<int> RunAsync(params string[] sockets)
    {
        var console = new CliConsole(_output, _error, _folder, TimeProvider.System);
        return new DashboardVerb(console, () => sockets).Verb().Parse(["--all", "--once", "-"])
            .InvokeAsync(new() { EnableDefaultExceptionHandler = false });
    }
}
