using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Ips.Actors.Posix;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Takeover;

/// <summary>A process that asks to take over and says what the test wants, packet by packet. What it was given is kept until it is disposed
/// of, also when the process that connected has been ended: as a helper which that one had forked would.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly DaemonProcess _process;
    private readonly int _link;
    private readonly int _fd;
    private readonly byte[] _buffer = new byte[PacketChannel.MaxPacketSizeBytes];
    private readonly List<int> _held = [];

    private RawPeer(DaemonProcess process, int link, int fd) => (_process, _link, _fd) = (process, link, fd);

    /// <summary>Its process id.</summary>
    public int Pid => _process.Pid;

    /// <summary>The descriptors of all packets so far, in order.</summary>
    public IReadOnlyList<int> Held => _held;

    /// <summary>Connects to a handover socket.</summary>
    /// <param name="socket">Its path.</param>
    /// <param name="folder">For a socket of the test's.</param>
    public static async Task<RawPeer> ConnectAsync(string socket, string folder)
    {
        var back = Path.Combine(folder, $"peer-{Guid.NewGuid():N}.sock");
        var listener = HandoverSockets.Listen(back, group: null, backlog: 1);
        try
        {
            var process = DaemonProcess.Start(Binaries.DotNet, [typeof(Program).Assembly.Location, socket, back]);
            var link = -1;
            await Eventually.TrueAsync(() => Task.FromResult((link = ListeningSockets.Accept(listener, out _)) >= 0),
                () => $"a connection of the peer: {process.OutputTail()}");

            var received = new List<int>();
            await WaitAsync(link, PollEvents.Readable);
            Assert.Equal(1, FdPassing.Receive(link, new byte[1], received, out _));
            return new RawPeer(process, link, Assert.Single(received));
        }
        finally
        {
            FileDescriptors.Close(listener);
            File.Delete(back);
        }
    }

    /// <summary>Says hello.</summary>
    public Task HelloAsync(int version) =>
        SendAsync($$"""{"type":"hello","min":{{version}},"max":{{version}},"pid":{{Pid}},"release":"hostile"}""");

    /// <summary>Sends a packet; false once the service has ended the connection.</summary>
    public Task<bool> SendAsync(string packet, params int[] fds) => SendAsync(Encoding.UTF8.GetBytes(packet), fds);

    /// <summary>The same for any bytes, none included.</summary>
    public async Task<bool> SendAsync(byte[] packet, params int[] fds)
    {
        try
        {
            while (!(packet.Length == 0 ? TrySendEmpty(fds) : FdPassing.TrySend(_fd, packet, fds))) await WaitAsync(_fd,
                PollEvents.Writable);
            return true;
        }
        catch (PosixException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            return false;
        }
    }

    /// <summary>Sends a packet unless the service does not take it at present.</summary>
    public bool TrySend(string packet, params int[] fds)
    {
        try
        {
            return FdPassing.TrySend(_fd, Encoding.UTF8.GetBytes(packet), fds);
        }
        catch (PosixException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            return false;
        }
    }

    /// <summary>The next packet; null at the end of the connection.</summary>
    public async Task<JsonElement?> ReceiveAsync()
    {
        int length;
        while ((length = FdPassing.Receive(_fd, _buffer, _held, out _)) < 0) await WaitAsync(_fd, PollEvents.Readable);
        return length == 0 ? null : JsonDocument.Parse(_buffer.AsMemory(0, length)).RootElement.Clone();
    }

    /// <summary>Receives until a packet of this type has come.</summary>
    public async Task<JsonElement> ReceiveAsync(string type)
    {
        while (true)
        {
            var packet = await ReceiveAsync() ?? throw new EndOfStreamException($"The connection ended before '{type}'.");
            if (packet.GetProperty("type").GetString() == type) return packet;
        }
    }

    /// <summary>Receives until the service has ended the connection.</summary>
    /// <returns>The types of what came before.</returns>
    public async Task<IReadOnlyList<string>> ReceiveToEndAsync()
    {
        List<string> types = [];
        while (await ReceiveAsync() is { } packet) types.Add(packet.GetProperty("type").GetString()!);
        return types;
    }

    /// <summary>Ends the process that connected; the connection and what was given stay open here.</summary>
    public Task EndProcessAsync()
    {
        ProcessTable.Signal(Pid, ProcessTable.SigKill);
        return _process.WaitForExitAsync(Limits.Step);
    }

    /// <summary>Closes some of what it was given.</summary>
    public void CloseHeld(Predicate<int> which)
    {
        foreach (var fd in _held.FindAll(which)) FileDescriptors.Close(fd);
        _held.RemoveAll(fd => !FileDescriptors.IsOpen(fd));
    }

    /// <summary>Closes its end of the connection; what it was given stays open.</summary>
    public void Shutdown() =>
        new System.Net.Sockets.Socket(new System.Net.Sockets.SafeSocketHandle(FileDescriptors.Duplicate(_fd), ownsHandle: true))
        .Shutdown(System.Net.Sockets.SocketShutdown.Both);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var fd in (int[])[.. _held, _fd, _link]) FileDescriptors.Close(fd);
        await _process.DisposeAsync();
    }

    private static Task WaitAsync(int fd, PollEvents events) => Eventually.TrueAsync(
        () =>
        {
            PollEntry[] entries = [new(fd, events)];
            Poll.Wait(entries, 0);
            return entries[0].Returned != PollEvents.None;
        },
        $"{events}");

    // A packet without a byte, which FdPassing does not send.
    private unsafe bool TrySendEmpty(int[] fds)
    {
        var control = stackalloc ulong[(16 + FdPassing.MaxDescriptors * sizeof(int)) / sizeof(ulong)];
        var header = (Libc.ControlHeader*)control;
        header->Length = (nuint)(sizeof(Libc.ControlHeader) + fds.Length * sizeof(int));
        header->Level = Libc.SOL_SOCKET;
        header->Type = Libc.SCM_RIGHTS;
        fds.CopyTo(new Span<int>(header + 1, fds.Length));
        var message = new Libc.MessageHeader { Control = control, ControlLength = header->Length };
        if (Libc.SendMsg(_fd, &message, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL) >= 0) return true;
        return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() switch
        {
            Errno.EAGAIN => false,
            var errno => throw new PosixException("sendmsg", errno),
        };
    }
}
