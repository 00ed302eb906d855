using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Transport;

/// <summary>.NET's epoll sets do not keep a socket that left.</summary>
public sealed class EpollRegistrationTests
{
    [Fact]
    public async Task Moved_LeavesNoRegistrationBehind()
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.ReceiveAsync();
        var descriptor = (int)connection.Socket.Handle;
        var inode = Inode(descriptor);
        Assert.Contains((descriptor, inode), Registrations());

        var moved = Assert.IsType<MoveResult.Moved>(await connection.BeginMove().WaitAsync(Limits.Step));

        Assert.Equal(inode, Inode(moved.Descriptor)); // the socket lives
        Assert.DoesNotContain(inode, Registrations().Select(registration => registration.Inode));
        ConnectionDescriptor.Close(moved.Descriptor);
        Assert.Equal("FIN", await client.EndAsync());
    }

    [Fact]
    public async Task ClosedWithoutRemove_StaysRegistered()
    {
        // What the fix is for: this test fails on the day that .NET takes its sockets out by itself, and then the fix can go.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        var server = await listener.AcceptAsync();
        using var cancel = new CancellationTokenSource();
        var wait = server.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        var inode = Inode((int)server.Handle);
        Assert.True(ConnectionDescriptor.TryDuplicate((int)server.Handle, out var duplicate));

        server.Dispose();

        Assert.Contains(inode, Registrations().Select(registration => registration.Inode));
        ConnectionDescriptor.Close(duplicate);
    }

    /// <summary>Found first, and alone, they would be taken for .NET's.</summary>
    [Fact]
    public async Task FindSets_HasNoSetOfAnAcceptLoop()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var cancel = new CancellationTokenSource();
        var wait = socket.ReceiveAsync(new byte[1], SocketFlags.None, cancel.Token); // now .NET has a set
        var before = EpollRegistration.FindSets();
        Assert.NotEmpty(before);

        using (new AcceptLoop(_ => { })) Assert.Equal(before, EpollRegistration.FindSets());

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
    }

    private static long Inode(int descriptor)
    {
        var name = File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false)!.Name; // socket:[12345]
        return long.Parse(name[(name.IndexOf('[', StringComparison.Ordinal) + 1)..^1], CultureInfo.InvariantCulture);
    }

    /// <summary>What the kernel says of each epoll set: lines as <c>tfd: 150 events: ... ino:1a2b sdev:8</c>.</summary>
    private static List<(int Descriptor, long Inode)> Registrations()
    {
        List<(int, long)> all = [];
        foreach (var path in Directory.GetFileSystemEntries("/proc/self/fdinfo"))
        {
            string[] lines;
            try
            {
                lines = File.ReadAllLines(path);
            }
            catch (FileNotFoundException)
            {
                continue; // the descriptor that listed the folder
            }
            foreach (var line in lines.Where(line => line.StartsWith("tfd:", StringComparison.Ordinal)))
            {
                var parts = line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries);
                all.Add((int.Parse(parts[1], CultureInfo.InvariantCulture),
                    long.Parse(parts[Array.IndexOf(parts, "ino") + 1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
            }
        }
        return all;
    }
}
