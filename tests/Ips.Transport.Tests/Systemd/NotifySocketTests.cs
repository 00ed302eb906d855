using System.Diagnostics;
using System.Net.Sockets;
using Ips.Actors.Systemd;
using Ips.Testing.Processes;

namespace Ips.Transport.Tests.Systemd;

/// <summary>The socket of the service manager, when that one does not do its part.</summary>
[Trait("issue", "11")]
public sealed class NotifySocketTests
{
    private const int QueuedMax = 10_000; // net.unix.max_dgram_qlen is 10 to 512

    [Fact]
    public void Send_NobodyReads_WaitsOnlyIfAsked()
    {
        using var folder = new TempFolder();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(folder.PathOf("notify")));
        var socket = new NotifySocket(folder.PathOf("notify"));
        var queued = 0;
        var full = Assert.Throws<SocketException>(() =>
        {
            for (; queued < QueuedMax; queued++) socket.Send("WATCHDOG=1\n"u8, wait: false);
        });
        Assert.Equal(SocketError.WouldBlock, full.SocketErrorCode);

        var start = Stopwatch.GetTimestamp();
        Assert.Throws<SocketException>(() => socket.Send("WATCHDOG=1\n"u8, wait: true));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(900), TimeSpan.FromSeconds(30));

        Assert.NotEqual(0, manager.Receive(new byte[100])); // one has left: there is room
        socket.Send("READY=1\n"u8, wait: false);
    }

    [Fact]
    public void Send_PathThatNoAddressHolds_IsASocketsFault()
    {
        var path = $"/run/{new string('n', 200)}";
        Assert.Contains("107 bytes", Assert.Throws<SocketException>(() => new NotifySocket(path).Send("READY=1\n"u8, wait: true)).Message,
            StringComparison.Ordinal);
    }
}
