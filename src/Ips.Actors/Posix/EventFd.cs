using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Wakes a thread that sits in poll(2). See eventfd(2). All members may be called from any thread.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class EventFd : IDisposable
{
    private readonly Lock _gate = new(); // a write after close could hit a number that is in use again
    private bool _closed;

    internal EventFd()
    {
        Fd = Libc.Eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (Fd < 0) throw PosixException.Last("eventfd");
    }

    /// <summary>To poll for <see cref="PollEvents.Readable"/>.</summary>
    internal int Fd { get; }

    /// <summary>Makes it readable until <see cref="Clear"/>; does nothing after <see cref="Dispose"/>.</summary>
    internal void Set()
    {
        lock (_gate)
        {
            ulong one = 1;
            // EAGAIN: the counter is full, so it is readable already.
            if (!_closed && Libc.Write(Fd, (byte*)&one, sizeof(ulong)) < 0
                && Marshal.GetLastPInvokeError() is var errno and not Errno.EAGAIN)
                throw new PosixException("write", errno, "an eventfd");
        }
    }

    /// <summary>Makes it unreadable again.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            ulong count;
            // EAGAIN: it was not set.
            if (!_closed && Libc.Read(Fd, (byte*)&count, sizeof(ulong)) < 0
                && Marshal.GetLastPInvokeError() is var errno and not Errno.EAGAIN)
                throw new PosixException("read", errno, "an eventfd");
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            FileDescriptors.Close(Fd);
        }
    }
}
