using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Supervise;

/// <summary>No packet ends the supervisor, keeps it from its work, or costs it anything that lasts.</summary>
[Trait("issue", "11")]
public sealed partial class SupervisorChannelTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Release =
        """{"release":"x","fileName":"/bin/false","arguments":[],"workingDirectory":"/","command":["/bin/false"]"""
            + ""","commandDirectory":"/","generation":1,"since":"2026-01-01T00:00:00Z"}""";

    [RootFact]
    public async Task Packet_Malformed_IsIgnoredAndTheParentGoesOn()
    {
        var (service, peer) = await StartAsync();
        using var _ = peer;
        var pid = service.MainPid;
        var open = Descriptors.Of(service.First.Pid);
        foreach (var packet in Malformed(pid)) await peer.SendAsync(packet, pid);
        await peer.SendAsync("", pid);
        await peer.SendAsync(new byte[150_000], pid);

        // What was sent before the next generation's own word was dealt with before it.
        await ReloadIsFollowedAsync(service);
        await Eventually.TrueAsync(() => service.First.Lines.Any(line => Ignored().IsMatch(line.Text)), "a line on what was ignored");
        await Descriptors.WaitForNoMoreThanAsync(service.First.Pid, open);
        await CrashIsAnsweredAsync(service, sockets: 1);
    }

    [RootFact]
    public async Task Packet_WithOtherDescriptorsThanItSays_IsIgnored_AndNoneIsKept()
    {
        var (service, peer) = await StartAsync();
        using var _ = peer;
        var pid = service.MainPid;
        using var file = File.OpenHandle("/dev/null");
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var datagram = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var (nothing, tcp, udp) = ((int)file.DangerousGetHandle(), (int)listener.Handle, (int)datagram.Handle);
        var open = Descriptors.Of(service.First.Pid);
        await peer.SendAsync(MainPacket(pid, endpoints: 1), pid);
        await peer.SendAsync(MainPacket(pid, endpoints: 1), pid, nothing);
        await peer.SendAsync(MainPacket(pid, endpoints: 1), pid, udp);
        await peer.SendAsync(MainPacket(pid, endpoints: 1), pid, tcp, tcp);
        await peer.SendAsync(MainPacket(pid, endpoints: 1, control: true), pid, tcp, nothing);
        await peer.SendAsync(MainPacket(pid, endpoints: 1, control: true), pid, nothing, tcp);
        await peer.SendAsync("""{"type":"released","pid":1}""", pid, tcp, tcp);
        await peer.SendAsync("", pid, tcp);
        await peer.SendAsync("no frame", pid, tcp, nothing, udp);
        await peer.SendAsync("no frame", pid, [.. Enumerable.Repeat(nothing, 120)]); // more than a receiver takes
        await ReloadIsFollowedAsync(service);
        await Descriptors.WaitForNoMoreThanAsync(service.First.Pid, open);
        await CrashIsAnsweredAsync(service, sockets: 1);
    }

    [RootFact]
    public async Task Packet_OfAProcessThatIsNoDescendant_IsIgnoredAndTold()
    {
        var (service, peer) = await StartAsync();
        using var _ = peer;
        var pid = service.MainPid;
        await using var stranger = DaemonProcess.Start("setpriv", [$"--reuid={ServiceRights.UserId}", "--clear-groups", "sleep", "600"]);
        await Eventually.TrueAsync(() => ServiceRights.UserOf(stranger.Pid) == ServiceRights.UserId);
        await peer.SendAsync(MainPacket(Environment.ProcessId), sender: null); // as what it is: this very test
        await peer.SendAsync(MainPacket(stranger.Pid), stranger.Pid);
        await peer.SendAsync(MainPacket(stranger.Pid), pid); // says that it is another than it is
        await peer.SendAsync($$"""{"type":"released","pid":{{pid}}}""", stranger.Pid);

        foreach (var sender in new[] { Environment.ProcessId, stranger.Pid, pid })
            await Eventually.TrueAsync(() => service.First.Lines.Any(line => Ignored().IsMatch(line.Text)
                && line.Text.Contains($"PID {sender}", StringComparison.Ordinal)), $"a line on PID {sender}");
        await ReloadIsFollowedAsync(service);
        await CrashIsAnsweredAsync(service, sockets: 1);
        Assert.True(ProcessTable.IsAlive(stranger.Pid));
    }

    [RootFact]
    public async Task Packets_InAFlood_FillNeitherTheLogNorTheMemory()
    {
        var (service, peer) = await StartAsync();
        using var _ = peer;
        var (pid, parent) = (service.MainPid, service.First.Pid);
        var lines = service.First.LineCount;
        var before = ProcFs.ResidentBytes(parent) / 1024;
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var large = $$"""{"type":"main","pid":{{pid}},"pidFile":"{{new string('x', 100_000)}}"}""";
        var sent = 0;
        while (!enough.IsCancellationRequested && sent < 5000)
        {
            await peer.SendAsync(sent++ % 2 == 0 ? large : $$"""{"type":"joined","pid":{{pid}},"generation":0}""", pid);
        }

        Output.WriteLine($"{sent} packets; {service.First.LineCount - lines} lines; {before} KiB before, "
            + $"{ProcFs.ResidentBytes(parent) / 1024} KiB after.");
        Assert.True(service.First.LineCount - lines < 40, $"{service.First.LineCount - lines} lines were logged.");
        Assert.True(ProcFs.ResidentBytes(parent) / 1024 - before < 32 * 1024,
            $"{before} KiB before, {ProcFs.ResidentBytes(parent) / 1024} KiB after.");
        await ReloadIsFollowedAsync(service);
        await CrashIsAnsweredAsync(service, sockets: 1);
    }

    [RootFact]
    public async Task Channel_IsShutDownByAGeneration_TheParentLivesAndRestartsOnTheSameSockets()
    {
        var (service, peer) = await StartAsync();
        peer.Shutdown();
        peer.Dispose();
        await Eventually.TrueAsync(() => service.First.Lines.Any(line => Ended().IsMatch(line.Text)), "a line on the end of the channel");
        await CrashIsAnsweredAsync(service, sockets: 1);
        await ReloadIsFollowedAsync(service); // by a channel of their own
        Assert.True(service.First.Signal(ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    private async Task<(Service Service, SupervisorPeer Peer)> StartAsync()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Verb = "supervise", User = ServiceRights.User });
        await ServiceRights.GiveFolderAsync(Folder, service);
        await service.StartAsync();
        await service.First.WaitForLineAsync(Follows(), Limits.Step);
        return (service, SupervisorPeer.Of(service.MainPid));
    }

    private static async Task ReloadIsFollowedAsync(Service service)
    {
        var lines = service.First.LineCount;
        var pid = await service.ReloadAsync();
        await service.First.WaitForLineAsync(text => Follows().Match(text).Groups["pid"].Value == $"{pid}", Limits.Step, lines);
    }

    private static async Task CrashIsAnsweredAsync(Service service, int sockets)
    {
        var (mark, lines) = (service.Log.Mark, service.First.LineCount);
        service.Signal(ProcessTable.SigKill);
        var restarted = await service.First.WaitForLineAsync(Restarted(), Limits.Step, lines);
        Assert.Equal($"{sockets}", restarted.Groups["sockets"].Value);
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/ping")).Status);
    }

    private static string MainPacket(int pid, int endpoints = 0, bool control = false)
    {
        var list = string.Join(',', Enumerable.Range(0, endpoints).Select(i => $$"""{"endpoint":"127.0.0.1:1","ordinal":{{i}}}"""));
        return $$"""{"type":"main","pid":{{pid}},"generation":7,"pidFile":"/tmp/no.pid","endpoints":[{{list}}]"""
            + $$""","control":{{(control ? "true" : "false")}},"release":{{Release}}}""";
    }

    private static IEnumerable<string> Malformed(int pid)
    {
        var whole = MainPacket(pid);
        yield return "null";
        yield return "[]";
        yield return "GET / HTTP/1.1";
        yield return "{}";
        yield return new string('[', 5000);
        yield return """{"type":"joined"}""";
        yield return """{"type":"main"}""";
        yield return $$"""{"type":"main","pid":{{pid}},"generation":1}""";
        yield return whole.Replace("\"endpoints\":[]", "\"endpoints\":null", StringComparison.Ordinal);
        yield return whole.Replace("\"endpoints\":[]", "\"endpoints\":[null]", StringComparison.Ordinal);
        yield return whole.Replace("\"endpoints\":[]", "\"endpoints\":[{\"ordinal\":0}]", StringComparison.Ordinal);
        yield return whole.Replace("\"endpoints\":[],", "", StringComparison.Ordinal);
        yield return whole.Replace(Release, "null", StringComparison.Ordinal);
        yield return whole.Replace("\"arguments\":[]", "\"arguments\":null", StringComparison.Ordinal);
        yield return whole.Replace("\"arguments\":[]", "\"arguments\":[null]", StringComparison.Ordinal);
        yield return whole.Replace("\"arguments\":[]", "\"arguments\":[\"a\\u0000b\"]", StringComparison.Ordinal);
        yield return whole.Replace("\"/bin/false\",\"arguments\"", "null,\"arguments\"", StringComparison.Ordinal);
        yield return whole.Replace("\"workingDirectory\":\"/\"", "\"workingDirectory\":null", StringComparison.Ordinal);
        yield return whole.Replace("\"command\":[\"/bin/false\"]", "\"command\":[]", StringComparison.Ordinal);
        yield return whole.Replace("\"command\":[\"/bin/false\"]", "\"command\":[null]", StringComparison.Ordinal);
        yield return whole.Replace("\"pidFile\":\"/tmp/no.pid\"", "\"pidFile\":null", StringComparison.Ordinal);
        yield return whole.Replace("\"pidFile\":\"/tmp/no.pid\"", "\"pidFile\":\"no\\u0000pid\"", StringComparison.Ordinal);
        yield return whole.Replace("\"generation\":7", "\"generation\":-1", StringComparison.Ordinal);
        yield return whole.Replace("\"generation\":7", "\"generation\":2147483647", StringComparison.Ordinal);
        yield return whole.Replace("\"generation\":7", "\"generation\":1e99", StringComparison.Ordinal);
        yield return """{"type":"joined","pid":0,"generation":1}""";
        yield return """{"type":"joined","pid":-1,"generation":1}""";
        yield return """{"type":"joined","pid":4194304999,"generation":1}""";
        yield return """{"type":"released","pid":0}""";
    }

    [GeneratedRegex(@"Generation \d+ \(PID (?<pid>\d+)\) is the main process")]
    private static partial Regex Follows();

    [GeneratedRegex(@"Started PID .* after a crash: .*, on (?<sockets>\d+) held sockets?\.")]
    private static partial Regex Restarted();

    [GeneratedRegex("[Ii]gnored a packet")]
    private static partial Regex Ignored();

    [GeneratedRegex("channel.* ended")]
    private static partial Regex Ended();
}
