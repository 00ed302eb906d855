using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Packets with file descriptors over a connected Unix SOCK_SEQPACKET socket. See unix(7), SCM_RIGHTS.</summary>
/// <remarks>Neither call waits, whether the socket is non-blocking or not.</remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class FdPassing
{
    /// <summary>Most descriptors in one packet; the kernel's own limit is 253.</summary>
    internal const int MaxDescriptors = 64;

    // CMSG_SPACE for that many: a header and the numbers.
    private const int ControlSizeBytes = 16 + MaxDescriptors * sizeof(int);

    /// <summary>Sends one packet with duplicates of the descriptors; the caller keeps its own.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="packet">Not empty: the receiver could not tell it from the end.</param>
    /// <param name="fds">At most 64.</param>
    /// <returns>False if the socket's buffer is full (EAGAIN): wait until it is writable.</returns>
    /// <exception cref="PosixException">EPIPE or ECONNRESET: the peer is gone. EMSGSIZE: more than the socket's buffer. EBADF: a descriptor
    /// is closed.</exception>
    internal static bool TrySend(int socket, ReadOnlySpan<byte> packet, ReadOnlySpan<int> fds)
    {
        if (packet.IsEmpty) throw new ArgumentException("A packet must have at least one byte.", nameof(packet));
        if (fds.Length > MaxDescriptors) throw new ArgumentException($"{fds.Length} descriptors; a packet takes at most {MaxDescriptors}.",
            nameof(fds));

        var control = stackalloc ulong[ControlSizeBytes / sizeof(ulong)];
        fixed (byte* bytes = packet)
        {
            var vector = new Libc.IoVector { Base = bytes, Length = (nuint)packet.Length };
            var message = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (fds.Length > 0)
            {
                var header = (Libc.ControlHeader*)control;
                header->Length = (nuint)(sizeof(Libc.ControlHeader) + fds.Length * sizeof(int));
                header->Level = Libc.SOL_SOCKET;
                header->Type = Libc.SCM_RIGHTS;
                fds.CopyTo(new Span<int>(header + 1, fds.Length));
                message.Control = control;
                message.ControlLength = header->Length;
            }

            while (Libc.SendMsg(socket, &message, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL) < 0)
            {
                switch (Marshal.GetLastPInvokeError())
                {
                    case Errno.EINTR: continue;
                    case Errno.EAGAIN: return false;
                    case var errno:
                        throw new PosixException("sendmsg", errno,
                        $"a packet of {packet.Length} bytes and {fds.Length} descriptors");
                }
            }
        }

        return true;
    }

    /// <summary>Receives one packet.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">For the packet's bytes.</param>
    /// <param name="fds">The packet's descriptors are added here, with FD_CLOEXEC set; they are the caller's from then on.</param>
    /// <param name="loss">The packet did not fit into the buffer, or not all of its descriptors could be received (more than 64, or
    /// this process is at its limit: the kernel then drops those that do not fit without an error). All that came are closed.</param>
    /// <returns>The packet's bytes; -1 if there is none yet (EAGAIN); 0 at the end, when the peer closed.</returns>
    internal static int Receive(int socket, Span<byte> buffer, List<int> fds, out PacketLoss loss)
    {
        loss = PacketLoss.None;
        var control = stackalloc ulong[ControlSizeBytes / sizeof(ulong)];
        fixed (byte* bytes = buffer)
        {
            var vector = new Libc.IoVector { Base = bytes, Length = (nuint)buffer.Length };
            while (true)
            {
                var message = new Libc.MessageHeader
                {
                    Vectors = &vector, VectorCount = 1, Control = control,
                    ControlLength = ControlSizeBytes
                };
                var received = (int)Libc.RecvMsg(socket, &message, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC);
                if (received < 0)
                {
                    switch (Marshal.GetLastPInvokeError())
                    {
                        case Errno.EINTR: continue;
                        case Errno.EAGAIN: return -1;
                        // The peer closed with packets of ours unread. Told once, ahead of what it sent before: that is still to be read.
                        case Errno.ECONNRESET: continue;
                        case var errno: throw new PosixException("recvmsg", errno, FileDescriptors.Describe(socket));
                    }
                }

                var first = fds.Count;
                AddDescriptors(&message, fds);
                if ((message.Flags & (Libc.MSG_CTRUNC | Libc.MSG_TRUNC)) != 0)
                {
                    loss = (message.Flags & Libc.MSG_TRUNC) != 0 ? PacketLoss.Bytes : PacketLoss.Descriptors;
                    var came = fds.GetRange(first, fds.Count - first);
                    fds.RemoveRange(first, came.Count);
                    came.ForEach(FileDescriptors.Close);
                }

                return received;
            }
        }
    }

    /// <summary>A connected pair of SOCK_SEQPACKET sockets with FD_CLOEXEC, each able to take a packet of 128 KiB.</summary>
    internal static (int A, int B) SocketPair()
    {
        var pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_SEQPACKET | Libc.SOCK_CLOEXEC, 0, pair) < 0) throw PosixException.Last("socketpair");
        try
        {
            SocketOptions.RaiseSendBuffer(pair[0], PacketChannel.MaxPacketSizeBytes);
            SocketOptions.RaiseSendBuffer(pair[1], PacketChannel.MaxPacketSizeBytes);
        }
        catch
        {
            FileDescriptors.Close(pair[0]);
            FileDescriptors.Close(pair[1]);
            throw;
        }

        return (pair[0], pair[1]);
    }

    private static void AddDescriptors(Libc.MessageHeader* message, List<int> fds)
    {
        var next = (byte*)message->Control;
        var end = next + message->ControlLength;
        while (end - next >= sizeof(Libc.ControlHeader))
        {
            var header = (Libc.ControlHeader*)next;
            if (header->Length < (nuint)sizeof(Libc.ControlHeader)) break;
            if (header->Level == Libc.SOL_SOCKET && header->Type == Libc.SCM_RIGHTS)
                fds.AddRange(new ReadOnlySpan<int>(header + 1, (int)(header->Length - (nuint)sizeof(Libc.ControlHeader)) / sizeof(int)));
            next += (header->Length + 7) & ~(nuint)7;
        }
    }
}

/// <summary>One packet of a <see cref="PacketChannel"/>.</summary>
/// <param name="Bytes">Its bytes, at least one.</param>
/// <param name="Fds">Its descriptors, with FD_CLOEXEC set. The receiver of the packet closes them.</param>
/// <param name="DescriptorsLost">It had descriptors for which this process has no room; then it has none.</param>
[SupportedOSPlatform("linux")]
internal sealed record ReceivedPacket(ReadOnlyMemory<byte> Bytes, IReadOnlyList<int> Fds, bool DescriptorsLost = false);
