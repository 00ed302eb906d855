using System.Runtime.InteropServices;
using System.Text;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A duplicate of the socket by which a generation tells the supervisor of itself. Root may send as any process: the kernel
/// then names that one
/// to the receiver. See unix(7), SCM_CREDENTIALS.</summary>
internal sealed unsafe partial class SupervisorPeer : IDisposable
{
    private const int SysPidFdOpen = 434, SysPidFdGetFd = 438;
    private const int TargetFd = 8; // SupervisorLink.TargetFd
    private const int SolSocket = 1, ScmRights = 1, ScmCredentials = 2, MsgDontWait = 0x40, MsgNoSignal = 0x4000, Eagain = 11, ShutRdWr = 2;

    private readonly int _fd;

    private SupervisorPeer(int fd) => _fd = fd;

    /// <summary>Takes the duplicate out of a generation that is alive.</summary>
    public static SupervisorPeer Of(int generation)
    {
        var pidFd = Check(Syscall(SysPidFdOpen, generation, 0, 0), "pidfd_open");
        try
        {
            return new SupervisorPeer(Check(Syscall(SysPidFdGetFd, pidFd, TargetFd, 0), "pidfd_getfd"));
        }
        finally
        {
            _ = Close(pidFd);
        }
    }

    /// <summary>Sends a packet.</summary>
    /// <param name="packet">Its text; may be empty.</param>
    /// <param name="sender">Whom the kernel is to name as the sender, as a process of <see cref="ServiceRights.User"/>; null for this
    /// process.</param>
    /// <param name="fds">Descriptors that ride along.</param>
    public Task SendAsync(string packet, int? sender, params IReadOnlyList<int> fds) =>
        SendAsync(Encoding.UTF8.GetBytes(packet), sender, fds);

    /// <summary>The same for bytes.</summary>
    public Task SendAsync(byte[] packet, int? sender, params IReadOnlyList<int> fds) =>
        Eventually.TrueAsync(() => TrySend(packet, sender, [.. fds]), "room in the socket of the parent");

    /// <summary>Ends the connection, both ways, for everybody who has a duplicate.</summary>
    public void Shutdown() => Check(ShutdownSocket(_fd, ShutRdWr), "shutdown");

    public void Dispose() => _ = Close(_fd);

    private bool TrySend(byte[] packet, int? sender, int[] fds)
    {
        var control = stackalloc byte[4096];
        new Span<byte>(control, 4096).Clear();
        var length = 0;
        if (sender is { } pid)
        {
            var user = int.Parse(ServiceRights.UserId, System.Globalization.CultureInfo.InvariantCulture);
            Append([pid, user, user], ScmCredentials);
        }

        if (fds.Length > 0) Append(fds, ScmRights);
        fixed (byte* bytes = packet)
        {
            var vector = new IoVector { Base = bytes, Length = (nuint)packet.Length };
            var message = new MessageHeader
            {
                Vectors = &vector, VectorCount = 1, Control = length == 0 ? null : control, ControlLength = (nuint)length,
            };
            if (SendMsg(_fd, &message, MsgDontWait | MsgNoSignal) >= 0) return true;
            return Marshal.GetLastPInvokeError() == Eagain ? false : throw Failed("sendmsg");
        }

        void Append(int[] data, int type)
        {
            var header = (ControlHeader*)(control + length);
            header->Length = (nuint)(sizeof(ControlHeader) + data.Length * sizeof(int));
            (header->Level, header->Type) = (SolSocket, type);
            data.CopyTo(new Span<int>(header + 1, data.Length));
            length += ((int)header->Length + 7) & ~7;
        }
    }

    private static int Check(nint result, string call) => result >= 0 ? (int)result : throw Failed(call);

    private static IOException Failed(string call) => new($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint a, nint b, nint c);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int ShutdownSocket(int fd, int how);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMsg(int fd, MessageHeader* message, int flags);

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
    private struct ControlHeader
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
    }
}
