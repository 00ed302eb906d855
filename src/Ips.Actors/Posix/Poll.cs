using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>poll(2): waits for descriptors without a registration that outlives the wait (docs/pitfalls.md, 1 and 2).</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class Poll
{
    /// <summary>Waits until a descriptor has something, the time is over or a signal handler ran.</summary>
    /// <param name="entries">What to wait for; <see cref="PollEntry.Returned"/> is set in each.</param>
    /// <param name="timeoutMs">Milliseconds; -1 waits without end.</param>
    /// <returns>How many entries have something; 0 after the time or a signal: wait again.</returns>
    internal static int Wait(Span<PollEntry> entries, int timeoutMs)
    {
        foreach (ref var entry in entries) entry.Returned = PollEvents.None; // EINTR leaves them as they were
        fixed (PollEntry* start = entries)
        {
            var ready = Libc.Poll(start, (nuint)entries.Length, timeoutMs);
            if (ready >= 0) return ready;
            var errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? 0 : throw new PosixException("poll", errno);
        }
    }

    /// <summary>Waits without end for one descriptor; errors and hang-ups end the wait as well.</summary>
    internal static void WaitForOne(int fd, PollEvents wanted)
    {
        Span<PollEntry> entries = [new(fd, wanted)];
        while (Wait(entries, -1) == 0) { }
    }
}
