using System.Net;
using System.Net.Sockets;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Supervise;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Supervise;

/// <summary>The sockets that a generation keeps on its way out, and the start that fails. CrashTests show the one that succeeds.</summary>
public sealed class ServiceRestartTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly RecordingLog _log = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-restart").FullName;
    private ServiceRestart? _restart;

    [Fact]
    public async Task Start_ProgramThatEndsAtOnce_IsToldAndOver()
    {
        Keep("/bin/false");
        _restart!.Start(release: null, generation: 3, lockFd: null);
        await _restart.Over.WaitAsync(Patience);
        Assert.True(_log.Has(EventIds.RestartBegan));
        Assert.Contains("exited with 1", Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.RestartFailed).Text,
            StringComparison.Ordinal);
        Assert.False(_log.Has(EventIds.Restarted));
    }

    [Fact]
    public void Start_ProgramThatIsNotThere_IsToldAndOver()
    {
        Keep(Path.Combine(_folder, "missing"));
        _restart!.Start(release: null, generation: 3, lockFd: null);
        Assert.True(_restart.Over.IsCompletedSuccessfully);
        Assert.True(_log.Has(EventIds.RestartFailed));
    }

    [Fact]
    public async Task Keep_ListenerIsClosed_ClientsWaitUntilTheCopyIsDropped()
    {
        var endPoint = Keep("/bin/false");
        using (var client = new TcpClient()) await client.ConnectAsync(endPoint).WaitAsync(Patience);
        _restart!.Drop();
        using var late = new TcpClient();
        Assert.Equal(SocketError.ConnectionRefused,
            (await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(endPoint).WaitAsync(Patience))).SocketErrorCode);
        _restart.Start(release: null, generation: 3, lockFd: null); // nothing to start it on
        Assert.False(_log.Has(EventIds.RestartBegan) || _log.Has(EventIds.RestartFailed));
    }

    public void Dispose()
    {
        _restart?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The caller's own copy is closed, as ListenerActor does.
    private IPEndPoint Keep(string program)
    {
        _restart = new ServiceRestart(new StartCommand(program, [program], "/", new Dictionary<string, string>()), Patience, _log);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _restart.Keep(
            new MainFrame(1, 1, Path.Combine(_folder, "service.pid"), [new EndpointOffer("127.0.0.1:0", 0)], Control: false,
                LastGoodFile.Describe(
                new StartCommand(program, [program], "/", new Dictionary<string, string>()), program, "/", "/")),
            [(int)listener.Handle], control: null);
        return (IPEndPoint)listener.LocalEndPoint!;
    }
}
