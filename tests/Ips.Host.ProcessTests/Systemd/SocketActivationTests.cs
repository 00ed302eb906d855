using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>Listening sockets that were passed by the service manager: systemd-socket-activate, which starts the service at the first
/// connection.</summary>
public sealed class SocketActivationTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Activate = "/usr/bin/systemd-socket-activate";

    [ToolFact(Activate)]
    public async Task FirstRequest_IsServed_AndReloadsKeepTheSockets()
    {
        var (port, unix) = (FreePort.Next(), Path.Combine(Folder, "app.sock"));
        var service = Prepare(Settings(ServiceKind.SampleApp, [$"http://127.0.0.1:{port}", $"http://unix:{unix}"], $"127.0.0.1:{port}",
            unix));
        service.Launch();
        await WaitForListenerAsync(port);
        var inode = TcpSockets.Listener(port);
        var answer = await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping"); // it is what starts the service
        Assert.Equal((200, 1), (answer.Status, answer.Generation));
        Assert.Equal(2, service.Log.Of(EventIds.PassedTaken).Count);
        Assert.Empty(service.Log.Of(EventIds.Bound));

        await using var load = StrictLoad.Start(FaultScene.LightLoad(LoadTarget.Loopback(port)));
        await load.WaitForRequestsAsync(1, Limits.Step);
        for (var generation = 2; generation <= 4; generation++)
        {
            var pid = await service.ReloadAsync();
            Assert.Equal(inode, TcpSockets.Listener(port));
            Assert.DoesNotContain("LISTEN_", Encoding.UTF8.GetString(await File.ReadAllBytesAsync($"/proc/{pid}/environ")),
                StringComparison.Ordinal);
            AssertClosedOnExec(pid, inode);
            Assert.Equal(generation, (await HttpProbe.GetUnixAsync(unix, "/ping")).Generation);
        }

        await load.WaitForGenerationAsync(4, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        await service.StopAsync();
        Assert.True(File.Exists(unix)); // the service manager listens there on, and would lose its callers
    }

    [ToolFact(Activate)]
    public async Task EndpointWithoutSocket_FailsTheStart_AndNamesBoth()
    {
        var (passed, wanted) = (FreePort.Next(), FreePort.Next());
        var told = await FailAsync(passed, $"http://127.0.0.1:{wanted}", $"127.0.0.1:{passed}");
        Assert.Contains($"The app listens on 127.0.0.1:{wanted}, but the service manager passed sockets for 127.0.0.1:{passed} (", told,
            StringComparison.Ordinal);
    }

    [ToolFact(Activate)]
    public async Task SocketWithoutEndpoint_FailsTheStart_AndNamesBoth()
    {
        var (wanted, other) = (FreePort.Next(), FreePort.Next());
        var told = await FailAsync(wanted, $"http://127.0.0.1:{wanted}", $"127.0.0.1:{wanted}", $"127.0.0.1:{other}");
        Assert.Contains($"passed sockets for 127.0.0.1:{other} (", told, StringComparison.Ordinal);
        Assert.Contains($"but the app listens on 127.0.0.1:{wanted} only", told, StringComparison.Ordinal);
    }

    private async Task<string> FailAsync(int knockAt, string url, params IReadOnlyList<string> listen)
    {
        var service = Prepare(Settings(ServiceKind.Daemon, [url], listen));
        service.Launch();
        await WaitForListenerAsync(knockAt);
        using var client = await RawClient.ConnectAsync(knockAt); // it is not answered
        Assert.Equal(1, await service.First.WaitForExitAsync(Limits.Step));
        await service.First.WaitForOutputEndAsync(Limits.Step);
        return $"{service.First.OutputTail()}{Environment.NewLine}{service.Log.Tail(20)}";
    }

    private static ServiceSettings Settings(ServiceKind kind, IReadOnlyList<string> urls, params IReadOnlyList<string> listen) => new(kind)
    {
        Program = Activate,
        // It passes nothing of its environment that is not named.
        Prefix =
        [
            .. listen.SelectMany(address => (string[])["-l", address]),
            .. MarkedProcesses.Names.Append("DOTNET_ROOT").Where(name => name != "DOTNET_ROOT"
                || Environment.GetEnvironmentVariable(name) is not null)
                .SelectMany(name => (string[])["-E", name]),
            kind == ServiceKind.Daemon ? Binaries.IpsPath : Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp),
        ],
        Urls = urls,
    };

    private static Task WaitForListenerAsync(int port) => Eventually
        .TrueAsync(() => TcpSockets.Listener(port) is not null, $"a listener on port {port}");

    private static void AssertClosedOnExec(int pid, string? inode)
    {
        var held = Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd")
            .Where(path => new FileInfo(path).LinkTarget == $"socket:[{inode}]").ToList();
        Assert.NotEmpty(held);
        foreach (var path in held)
        {
            var flags = File.ReadLines($"/proc/{pid}/fdinfo/{Path.GetFileName(path)}")
                .Single(line => line.StartsWith("flags:", StringComparison.Ordinal)).Split('\t')[1];
            Assert.NotEqual(0, Convert.ToInt32(flags, 8) & 0x80000); // O_CLOEXEC
        }
    }
}
