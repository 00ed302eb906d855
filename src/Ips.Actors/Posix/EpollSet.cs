using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>An epoll set for one thread to wait on, while others change it. See epoll(7).</summary>
/// <remarks>A registration belongs to the open file, not to the descriptor (docs/pitfalls.md, 2): call <see cref="Remove"/> before the
/// descriptor is closed. The set itself has FD_CLOEXEC, so it ends with the process.</remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class EpollSet : IDisposable
{
    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC
    private const int AddOne = 1, Delete = 2, Modify = 3; // EPOLL_CTL_*
    private const uint Readable = 1, OneShot = 1 << 30; // EPOLLIN, EPOLLONESHOT
    private const int MaxEvents = 16;

    // struct epoll_event: an uint and 8 bytes of the caller's, without a gap on x64 alone.
    private static readonly int s_dataAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly List<int> s_open = [];

    private readonly byte[] _events = new byte[MaxEvents * (sizeof(ulong) + s_dataAt)];
    private readonly int _set;

    /// <exception cref="PosixException">EMFILE and the like.</exception>
    internal EpollSet()
    {
        lock (s_open)
        {
            _set = Create(CloseOnExec);
            if (_set < 0) throw PosixException.Last("epoll_create1");
            s_open.Add(_set);
        }
    }

    /// <summary>Whether a descriptor is such a set.</summary>
    internal static bool Is(int fd)
    {
        lock (s_open) return s_open.Contains(fd);
    }

    /// <summary>Waits for <paramref name="fd"/> to be readable: as long as it is, or once, until <see cref="AddAgain"/>.</summary>
    /// <exception cref="PosixException">It cannot be waited for, or there is no memory.</exception>
    internal void Add(int fd, int id, bool once) => Change(AddOne, fd, id, once);

    /// <summary>Waits once more for a descriptor that was added to be waited for once.</summary>
    internal void AddAgain(int fd, int id) => Change(Modify, fd, id, once: true);

    /// <summary>No longer waits for it. One that is not in the set is fine.</summary>
    internal void Remove(int fd) => _ = Control(_set, Delete, fd, null);

    /// <summary>Waits without end, or until a signal handler ran. For one thread.</summary>
    /// <returns>How many ids came; <see cref="Id"/> gives each.</returns>
    internal int Wait()
    {
        fixed (byte* events = _events)
        {
            var ready = Wait(_set, events, MaxEvents, -1);
            if (ready >= 0) return ready;
            var errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? 0 : throw new PosixException("epoll_wait", errno);
        }
    }

    /// <summary>One of the ids that the last wait brought.</summary>
    internal int Id(int index) => (int)BinaryPrimitives.ReadInt64LittleEndian(_events.AsSpan(index * (s_dataAt + sizeof(long)) + s_dataAt));

    public void Dispose()
    {
        lock (s_open)
        {
            if (s_open.Remove(_set)) FileDescriptors.Close(_set);
        }
    }

    private void Change(int operation, int fd, int id, bool once)
    {
        var entry = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(entry, 4), once ? Readable | OneShot : Readable);
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(entry + s_dataAt, 8), id);
        if (Control(_set, operation, fd, entry) < 0) throw PosixException.Last("epoll_ctl", FileDescriptors.Describe(fd));
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int set, int operation, int fd, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(int set, byte* events, int max, int timeoutMs);
}
