using System.Collections;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Posix;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>How far the handover goes before the predecessor turns hostile.</summary>
internal enum PredecessorStage
{
    /// <summary>It does not answer hello.</summary>
    Greeted,

    /// <summary>It has sent welcome.</summary>
    Welcomed,

    /// <summary>The successor is ready.</summary>
    Ready,

    /// <summary>The successor serves on probation.</summary>
    Proving,

    /// <summary>The successor is the main process.</summary>
    Promoted,
}

/// <summary>A predecessor in the test's own process, which starts the daemon over descriptor 3 and holds its listening socket.</summary>
internal sealed class PredecessorPeer : IDisposable
{
    private readonly PacketSocket _socket;

    private PredecessorPeer(PacketSocket socket, int pid, Task<ProcessExit> exited) => (_socket, Pid, Exited) = (socket, pid, exited);

    /// <summary>The successor.</summary>
    public int Pid { get; }

    public Task<ProcessExit> Exited { get; }

    /// <summary>Starts a successor and brings it as far as a stage.</summary>
    /// <param name="service">What it is configured as; its generation 1 never runs.</param>
    /// <param name="listenFd">The listening socket of the service's port.</param>
    /// <param name="stage">How far.</param>
    public static PredecessorPeer Start(Service service, int listenFd, PredecessorStage stage)
    {
        var (ours, theirs) = FdPassing.SocketPair();
        Dictionary<string, string> environment = [];
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables()) environment[(string)variable.Key] =
            (string)variable.Value!;
        foreach (var (name, value) in service.Processes.Environment) environment[name] = value!;
        environment[HandoverVariables.Fd] = HostilePeer.HandoverFd.ToString(CultureInfo.InvariantCulture);
        environment[HandoverVariables.Generation] = "2";
        int pid;
        try
        {
            pid = Executable.Start(() => Spawn.Start(new SpawnRequest(
                Binaries.IpsPath, [Binaries.IpsPath, "run", "--config", service.WriteConfigFile(), "--log-file", service.Log.Path],
                    environment, service.Folder,
                [(theirs, HostilePeer.HandoverFd)], NewSession: false)));
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }

        var peer = new PredecessorPeer(new PacketSocket(ours), pid, Processes.WaitAsync(pid, CancellationToken.None));
        try
        {
            peer.Advance(service, ours, listenFd, stage);
            return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>Turns hostile.</summary>
    /// <returns>How many packets were sent.</returns>
    public int Play(PeerSession session)
    {
        var sent = 0;
        HostilePeer.Play(session, () => _socket, _ => sent++);
        return sent;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Advance(Service service, int fd, int listenFd, PredecessorStage stage)
    {
        WaitFor("hello");
        if (stage == PredecessorStage.Greeted) return;
        var welcome = """{"type":"welcome","version":1,"generation":2"""
            + $$""","endpoints":[{"endpoint":"127.0.0.1:{{service.Port}}","ordinal":0}]"""
            + ""","lock":false,"control":false,"healthIntervalMs":200}""";
        Assert.True(FdPassing.TrySend(fd, System.Text.Encoding.UTF8.GetBytes(welcome), [listenFd]));
        if (stage == PredecessorStage.Welcomed) return;
        WaitFor("ready");
        if (stage == PredecessorStage.Ready) return;
        Assert.True(FdPassing.TrySend(fd, """{"type":"serve"}"""u8, []));
        WaitFor("health");
        if (stage == PredecessorStage.Proving) return;
        Assert.True(FdPassing.TrySend(fd, """{"type":"promote"}"""u8, []));
        WaitFor("promoted");
    }

    private void WaitFor(string type)
    {
        var deadline = DateTime.UtcNow + Limits.Step;
        while (DateTime.UtcNow < deadline)
        {
            var packet = _socket.Receive(TimeSpan.FromSeconds(1), out var came);
            if (!came) continue;
            if (packet.IsEmpty) break;
            using var json = JsonDocument.Parse(packet.ToArray());
            if (json.RootElement.GetProperty("type").GetString() == type) return;
        }

        Assert.Fail($"Process {Pid} did not say {type}; it {(Exited.IsCompleted ? Exited.Result : "runs")}.");
    }
}
