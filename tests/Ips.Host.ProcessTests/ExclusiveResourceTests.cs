using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What two generations of an app cannot have at once: ports that are not handed over, and log files. See
/// docs/exclusive-resources.md.</summary>
public sealed class ExclusiveResourceTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Clients = 4;
    private const string Good = "good", RolledBack = "rolled-back";

    [Fact]
    public async Task Reload_AppHandsItsOwnListenerOver_NoClientIsRefusedOrReset()
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(RolledBack, Binaries.SampleAppFolder);
        releases.Mark(RolledBack, SampleMarks.DiesWhenServing);
        releases.SwitchTo(Good);
        var port = FreePort.Next();
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp), Probation = TimeSpan.FromMilliseconds(300),
            More = [$"--Sample:LinePort={port}"],
        });

        using var stop = new CancellationTokenSource();
        ConcurrentQueue<string> answers = [];
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(() => AskUntilAsync(port, answers, stop.Token))).ToList();
        foreach (var release in new[] { Good, RolledBack, Good, Good })
        {
            releases.SwitchTo(release);
            var before = answers.Count;
            Assert.Equal(release == Good ? EventIds.ReloadPromoted : EventIds.ReloadFailed, (await service.TryReloadAsync()).Id);
            await Eventually.TrueAsync(() => answers.Count > before + (10 * Clients), "answers of the line server");
        }

        await Eventually.TrueAsync(() => answers.Contains("generation 4\n"), "an answer of generation 4");
        await stop.CancelAsync();
        await Task.WhenAll(clients); // an exception of one of them is a client that was refused or reset
        Assert.Equal(["generation 1\n", "generation 2\n", "generation 3\n", "generation 4\n"], answers.Distinct());
        Assert.Empty(service.Log.Of(EventIds.OfferUnused));
        Output.WriteLine($"{answers.Count} connections, none refused or reset");

        // A stop closes it before the process ends: who connects then learns it at once.
        await service.StopAsync();
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(SocketError.ConnectionRefused,
            (await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, port))).SocketErrorCode);
    }

    [Fact]
    public async Task Reload_PortThatTwoGenerationsCannotHave_IsRefusedWithTheReason()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = [$"--Sample:LonePort={FreePort.Next()}"] });
        var outcome = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, outcome.Id);
        Assert.Contains("it ended with an unhandled SocketException: Address already in use", outcome["Reason"], StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reload_BothGenerationsWriteALogFile_WarnsUnlessItIsShared(bool shared)
    {
        var path = Path.Combine(Folder, "app.log");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            More = [$"--Sample:FileLog={path}", $"--Sample:FileLogShared={shared}"],
        });

        var doctor = await IpsCommand.RunAsync("doctor", "--pid", $"{service.MainPid}");
        Assert.Equal(0, doctor.ExitCode);
        Assert.Equal(!shared, doctor.Output.Any(line => line.Contains($"{path} is open for writing", StringComparison.Ordinal)));

        var receipt = await ReloadAsync(service);
        Assert.Equal("promoted", receipt.Outcome);
        Assert.Equal(shared ? 0 : 1, service.Log.Of(EventIds.FilesShared).Count);
        if (shared) Assert.Null(receipt.Warnings);
        else Assert.Contains($"write to {path} without O_APPEND", Assert.Single(receipt.Warnings!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_Daemon_SharesNoFile()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        Assert.Equal(["No problem was found."], (await IpsCommand.RunAsync("doctor", "--pid", $"{service.MainPid}")).Output);
        var receipt = await ReloadAsync(service);
        Assert.Equal(("promoted", null), (receipt.Outcome, receipt.Warnings));
        Assert.Empty(service.Log.Of(EventIds.FilesShared));
        Assert.Empty(service.Log.Of(EventIds.JobsRunTwice));
    }

    private static async Task<ReloadReceipt> ReloadAsync(Service service)
    {
        var result = await IpsCommand.RunAsync("reload", "--json", "--pid-file", service.PidFile);
        return JsonSerializer.Deserialize(Assert.Single(result.Output), ControlJson.Default.ReloadReceipt)!;
    }

    private static async Task AskUntilAsync(int port, ConcurrentQueue<string> answers, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var limit = new CancellationTokenSource(Limits.Step);
            await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
            var buffer = new byte[100];
            var length = 0;
            while (await client.ReceiveAsync(buffer.AsMemory(length), limit.Token) is > 0 and var read) length += read;
            answers.Enqueue(Encoding.ASCII.GetString(buffer, 0, length));
        }
    }
}
