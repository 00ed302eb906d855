using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Who sent a packet, as the kernel says, in the terms of this process's namespaces. See unix(7), SCM_CREDENTIALS.</summary>
/// <param name="Pid">The process; 0 if it is in a PID namespace that cannot be seen from here.</param>
/// <param name="UserId">Its effective user, unless it chose its real or saved one.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct PacketSender(int Pid, uint UserId);

/// <summary>What one look at a socket gave.</summary>
/// <param name="Length">The packet's bytes; 0 is a packet like any other here.</param>
/// <param name="Sender">Its sender.</param>
/// <param name="Fds">Its descriptors, with FD_CLOEXEC set. The receiver closes them.</param>
/// <param name="Loss">What of it did not arrive; then it has no descriptors.</param>
[SupportedOSPlatform("linux")]
internal sealed record SenderPacket(int Length, PacketSender Sender, IReadOnlyList<int> Fds, PacketLoss Loss);

/// <summary>Receives packets whose senders matter, from a Unix SOCK_SEQPACKET socket.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class SenderPackets
{
    // CMSG_SPACE of one struct ucred (three ints), and of the descriptors.
    private const int CredentialsBytes = 32, DescriptorsBytes = 16 + FdPassing.MaxDescriptors * sizeof(int);

    /// <summary>From now on the kernel names the sender of each packet that is received here.</summary>
    internal static void NameSenders(int socket) => SocketOptions.Set(socket, Libc.SOL_SOCKET, Libc.SO_PASSCRED, 1);

    /// <summary>Receives one packet; does not wait.</summary>
    /// <param name="socket">A socket of which <see cref="NameSenders"/> was asked.</param>
    /// <param name="buffer">For its bytes.</param>
    /// <param name="packet">The packet; null if there is none yet.</param>
    /// <returns>False at the end: no process can send here.</returns>
    /// <exception cref="PosixException">The socket is unusable.</exception>
    internal static bool TryReceive(int socket, Span<byte> buffer, out SenderPacket? packet)
    {
        packet = null;
        var control = stackalloc ulong[(CredentialsBytes + DescriptorsBytes) / sizeof(ulong)];
        fixed (byte* bytes = buffer)
        {
            var vector = new Libc.IoVector { Base = bytes, Length = (nuint)buffer.Length };
            while (true)
            {
                var message = new Libc.MessageHeader
                {
                    Vectors = &vector, VectorCount = 1, Control = control, ControlLength = CredentialsBytes + DescriptorsBytes,
                };
                var received = (int)Libc.RecvMsg(socket, &message, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC);
                if (received < 0)
                {
                    switch (Marshal.GetLastPInvokeError())
                    {
                        case Errno.EINTR or Errno.ECONNRESET: continue; // the latter is told once, ahead of what was sent before
                        case Errno.EAGAIN: return true;
                        case var errno: throw new PosixException("recvmsg", errno, FileDescriptors.Describe(socket));
                    }
                }

                List<int> fds = [];
                var sender = Read(&message, fds);
                if (received == 0 && sender is null && fds.Count == 0) return false; // an empty packet has a sender
                var loss = (message.Flags & Libc.MSG_TRUNC) != 0 ? PacketLoss.Bytes
                    : (message.Flags & Libc.MSG_CTRUNC) != 0 ? PacketLoss.Descriptors : PacketLoss.None;
                if (loss != PacketLoss.None)
                {
                    fds.ForEach(FileDescriptors.Close);
                    fds = [];
                }

                packet = new SenderPacket(received, sender ?? default, fds, loss);
                return true;
            }
        }
    }

    private static PacketSender? Read(Libc.MessageHeader* message, List<int> fds)
    {
        PacketSender? sender = null;
        var next = (byte*)message->Control;
        var end = next + message->ControlLength;
        while (end - next >= sizeof(Libc.ControlHeader))
        {
            var header = (Libc.ControlHeader*)next;
            if (header->Length < (nuint)sizeof(Libc.ControlHeader)) break;
            var data = new ReadOnlySpan<int>(header + 1, (int)(header->Length - (nuint)sizeof(Libc.ControlHeader)) / sizeof(int));
            if (header->Level == Libc.SOL_SOCKET && header->Type == Libc.SCM_RIGHTS) fds.AddRange(data);
            if (header->Level == Libc.SOL_SOCKET && header->Type == Libc.SCM_CREDENTIALS && data is [var pid, var user, _])
                sender = new PacketSender(pid, (uint)user);
            next += (header->Length + 7) & ~(nuint)7;
        }

        return sender;
    }
}

/// <summary>What of a packet did not arrive. See recvmsg(2), MSG_TRUNC and MSG_CTRUNC.</summary>
internal enum PacketLoss
{
    /// <summary>It is whole.</summary>
    None,

    /// <summary>Its end, and all of its descriptors.</summary>
    Bytes,

    /// <summary>All of its descriptors.</summary>
    Descriptors,
}
