using System.Runtime.InteropServices;
using System.Text;

namespace Ips.Testing.Fuzz.Channels;

/// <summary>What became of a packet.</summary>
internal enum SendOutcome
{
    Sent,

    /// <summary>The other side does not read.</summary>
    Full,

    /// <summary>The other side is gone, or the kernel refuses such a packet.</summary>
    Refused,
}

/// <summary>A Unix socket by which anything can be sent that the kernel lets through: empty packets, too many descriptors, what no library
/// would send.</summary>
internal sealed unsafe partial class PacketSocket : IDisposable
{
    private const int AfUnix = 1, SockStream = 1, SockSeqPacket = 5, SockCloseOnExec = 0x80000;
    private const int SolSocket = 1, SoSendBuffer = 7, ScmRights = 1, ShutWrite = 1;
    private const int DontWait = 0x40, NoSignal = 0x4000, CloseOnExec = 0x40000000;
    private const int Eintr = 4, Eagain = 11;
    private const short PollIn = 1, PollOut = 4;
    private const int SendBufferBytes = 400_000, ReceiveBytes = 256 * 1024;

    private readonly int _fd;
    private readonly byte[] _buffer = new byte[ReceiveBytes];
    private bool _closed;

    /// <param name="fd">A connected socket; owned from here on.</param>
    public PacketSocket(int fd)
    {
        _fd = fd;
        var size = SendBufferBytes;
        _ = SetSockOpt(fd, SolSocket, SoSendBuffer, &size, sizeof(int)); // as far as the system allows
    }

    /// <summary>Connects to a socket's path, of at most 107 bytes.</summary>
    /// <returns>Null if nobody accepts there now.</returns>
    public static PacketSocket? Connect(string path, bool packets)
    {
        var fd = Socket(AfUnix, (packets ? SockSeqPacket : SockStream) | SockCloseOnExec, 0);
        if (fd < 0) throw new IOException($"socket: {Marshal.GetLastPInvokeErrorMessage()}");
        var name = Encoding.UTF8.GetBytes(path);
        var address = stackalloc byte[110];
        new Span<byte>(address, 110).Clear();
        address[0] = AfUnix;
        name.CopyTo(new Span<byte>(address + 2, 107));
        if (Connect(fd, address, (uint)(name.Length + 3)) == 0) return new PacketSocket(fd);
        _ = Close(fd);
        return null;
    }

    /// <summary>Sends a packet, with as many descriptors as it says.</summary>
    public SendOutcome Send(FuzzPacket packet, TimeSpan patience)
    {
        using var descriptors = new DescriptorSource(packet.Descriptor);
        var count = packet.Descriptors;
        var control = new byte[16 + (count * sizeof(int)) + 8];
        fixed (byte* bytes = packet.Bytes.Span)
        fixed (byte* rights = control)
        {
            var vector = new IoVector { Base = bytes, Length = (nuint)packet.Bytes.Length };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (count > 0)
            {
                *(nuint*)rights = (nuint)(16 + (count * sizeof(int)));
                *(int*)(rights + 8) = SolSocket;
                *(int*)(rights + 12) = ScmRights;
                new Span<int>(rights + 16, count).Fill(descriptors.Fd);
                message.Control = rights;
                message.ControlLength = *(nuint*)rights;
            }

            while (SendMsg(_fd, &message, DontWait | NoSignal) < 0)
            {
                switch (Marshal.GetLastPInvokeError())
                {
                    case Eintr: continue;
                    case Eagain when Wait(PollOut, patience): continue;
                    case Eagain: return SendOutcome.Full;
                    default: return SendOutcome.Refused;
                }
            }
        }

        return SendOutcome.Sent;
    }

    /// <summary>Takes what the other side has sent, and closes the descriptors in it.</summary>
    /// <param name="patience">How long it waits for something to come.</param>
    /// <param name="came">Whether something came in time, if only the end.</param>
    /// <returns>The bytes; none at the end.</returns>
    public ReadOnlySpan<byte> Receive(TimeSpan patience, out bool came)
    {
        var control = stackalloc byte[16 + (FuzzPacket.DescriptorsMax * sizeof(int)) + 8];
        came = Wait(PollIn, patience);
        if (!came) return [];
        fixed (byte* bytes = _buffer)
        {
            var vector = new IoVector { Base = bytes, Length = ReceiveBytes };
            var message = new MessageHeader
            {
                Vectors = &vector, VectorCount = 1, Control = control,
                ControlLength = 16 + (FuzzPacket.DescriptorsMax * sizeof(int))
            };
            var received = (int)RecvMsg(_fd, &message, DontWait | CloseOnExec);
            if (received < 0) return [];
            if (message.ControlLength >= 16 && *(int*)(control + 12) == ScmRights)
            {
                foreach (var fd in new Span<int>(control + 16, (int)(*(nuint*)control - 16) / sizeof(int))) _ = Close(fd);
            }

            return _buffer.AsSpan(0, received);
        }
    }

    /// <summary>Sends no more.</summary>
    public void EndSending() => _ = Shutdown(_fd, ShutWrite);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        _ = Close(_fd);
    }

    private bool Wait(short events, TimeSpan patience)
    {
        var entry = new PollEntry { Fd = _fd, Events = events };
        return Poll(&entry, 1, (int)patience.TotalMilliseconds) > 0;
    }

    /// <summary>A descriptor of a kind.</summary>
    private sealed class DescriptorSource : IDisposable
    {
        private const int ReadOnly = 0, ReadWrite = 2, Create = 0x40, TemporaryFile = 0x410000;

        private readonly List<int> _open = [];

        public DescriptorSource(FuzzDescriptor kind)
        {
            var pair = stackalloc int[2];
            switch (kind)
            {
                case FuzzDescriptor.File:
                    Fd = Keep(Open("/tmp", ReadWrite | TemporaryFile | SockCloseOnExec, 0x180));
                    break;
                case FuzzDescriptor.DevNull:
                    Fd = Keep(Open("/dev/null", ReadWrite | SockCloseOnExec, 0));
                    break;
                case FuzzDescriptor.Directory:
                    Fd = Keep(Open("/", ReadOnly | SockCloseOnExec, 0));
                    break;
                case FuzzDescriptor.PipeReader or FuzzDescriptor.PipeWriter or FuzzDescriptor.PipeWithoutReader:
                    _ = Pipe(pair, SockCloseOnExec);
                    (Fd, var other) = kind == FuzzDescriptor.PipeReader ? (Keep(pair[0]), pair[1]) : (Keep(pair[1]), pair[0]);
                    if (kind == FuzzDescriptor.PipeWithoutReader) _ = Close(other);
                    else Keep(other);
                    break;
                case FuzzDescriptor.Stream or FuzzDescriptor.StreamWithoutPeer or FuzzDescriptor.Packets:
                    _ = SocketPair(AfUnix, (kind == FuzzDescriptor.Packets ? SockSeqPacket : SockStream) | SockCloseOnExec, 0, pair);
                    Fd = Keep(pair[0]);
                    if (kind == FuzzDescriptor.StreamWithoutPeer) _ = Close(pair[1]);
                    else Keep(pair[1]);
                    break;
                case FuzzDescriptor.Listener:
                    // bound to nothing: listen(2) gives it a name by itself only for TCP
                    Fd = Keep(Socket(AfUnix, SockStream | SockCloseOnExec, 0));
                    break;
                default:
                    Fd = Keep(EventFd(0, SockCloseOnExec));
                    break;
            }

            if (Fd < 0) throw new IOException($"No descriptor of kind {kind}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        public int Fd { get; }

        public void Dispose() => _open.ForEach(fd => _ = Close(fd));

        private int Keep(int fd)
        {
            if (fd >= 0) _open.Add(fd);
            return fd;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type,
        int protocol);
    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type,
        int protocol, int* pair);
    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int fd, byte* address,
        uint length);
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSockOpt(int fd, int level,
        int name, void* value, uint length);
    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMsg(int fd, MessageHeader* message,
        int flags);
    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint RecvMsg(int fd, MessageHeader* message,
        int flags);
    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)] private static partial int Shutdown(int fd, int how);
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollEntry* entries, nuint count,
        int timeoutMs);
    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)] private static partial int Pipe(int* pair, int flags);
    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)] private static partial int EventFd(uint initial, int flags);
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)] private static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
