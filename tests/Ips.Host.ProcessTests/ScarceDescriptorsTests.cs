using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A release that may have fewer files open than it is handed: the kernel drops what does not fit without an error, and nobody may
/// lose a connection by that.</summary>
public sealed class ScarceDescriptorsTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", Scarce = "scarce";
    private const int Clients = 120;

    // As many as fit the packet, with the lock of the PID file and the control socket. At hello an app has some 170 files open, most of
    // them assemblies.
    private const int Sockets = 62, OpenFilesAtWelcome = 200;

    // Without them it cannot even join; and it must not take its predecessor, which it hears no more of, for dead, and bind its addresses.
    [Fact]
    public async Task Welcome_NoRoomForTheSockets_IsRefusedAndAllAddressesStay()
    {
        var socket = Path.Combine(Folder, "app.sock");
        var ports = Enumerable.Range(1, Sockets - 1).Select(_ => FreePort.Next()).ToList();
        var releases = new Releases(Folder);
        await using var scene = await FaultScene.StartAsync(
            Prepare(new ServiceSettings(ServiceKind.SampleApp)
            {
                Program = Path.Combine(releases.Current, Binaries.SampleApp),
                Port = ports[0],
                Urls = [.. ports.Select(port => $"http://127.0.0.1:{port}"), $"http://unix:{socket}"],
            }),
            releases);
        PutScarce(releases, OpenFilesAtWelcome);

        await scene.BeginAsync(Scarce);
        await scene.AssertRefusedAsync("killed by SIGABRT"); // what the runtime makes of an exception that nobody handles
        // its last words: it reads the channel no more, so they are its own
        Assert.Contains(scene.Events, e => e.Text.Contains("ulimit -n", StringComparison.Ordinal));
        Assert.Equal(1, (await HttpProbe.GetUnixAsync(socket, "/ping")).Generation);
        await scene.AssertNextReloadWorksAsync();
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(socket, "/ping")).Generation);
        Assert.Equal(2, (await HttpProbe.GetAsync($"http://127.0.0.1:{ports[^1]}/ping")).Generation);
        Assert.Empty(scene.Failures);
    }

    // It serves, and has no room for the live connections: those that it declines are answered by its predecessor, and told of the close.
    [Fact]
    public async Task Move_NoRoomForTheConnections_EachIsAnsweredByOneOfTheTwo()
    {
        var (service, releases) = await StartScarceAsync(openFiles: 300, new ServiceSettings(ServiceKind.SampleApp));
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            var client = await RawClient.ConnectAsync(service.Port);
            await client.GetAsync("/ping");
            return client;
        }));
        try
        {
            releases.SwitchTo(Scarce);
            await service.ReloadAsync();
            Assert.NotEmpty(service.Log.Of(EventIds.ConnectionsDeclined));
            Assert.Equal(2, await service.AnsweringGenerationAsync());
            var answers = await Task.WhenAll(clients.Select(client => client.GetAsync("/ping")));
            Assert.All(answers, answer => Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal));
            var (stayed, moved) = (answers.Where(answer => answer.Contains("X-Ips-Generation: 1\r\n", StringComparison.Ordinal)).ToList(),
                answers.Count(answer => answer.Contains("X-Ips-Generation: 2\r\n", StringComparison.Ordinal)));
            Output.WriteLine($"{moved} connections moved, {stayed.Count} were declined.");
            Assert.Equal(Clients, stayed.Count + moved);
            Assert.NotEmpty(stayed);
            Assert.All(stayed, answer => Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal));
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        releases.SwitchTo(Good);
        await service.ReloadAsync();
        Assert.Equal(3, await service.AnsweringGenerationAsync());
    }

    private async Task<(Service Service, Releases Releases)> StartScarceAsync(int openFiles, ServiceSettings settings)
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        PutScarce(releases, openFiles);
        return (await StartAsync(settings with { Program = Path.Combine(releases.Current, Binaries.SampleApp) }), releases);
    }

    private static void PutScarce(Releases releases, int openFiles)
    {
        var script = Path.Combine(Directory.CreateDirectory(releases.PathOf(Scarce)).FullName, Binaries.SampleApp);
        Executable.Write(script,
            $"#!/bin/sh\nulimit -n {openFiles}\nexec '{Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp)}' \"$@\"\n");
    }
}
