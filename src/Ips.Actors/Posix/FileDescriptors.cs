using System.Globalization;
using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>What is done to a file descriptor of any kind.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FileDescriptors
{
    /// <summary>Descriptors below this one are left to the standard streams and to the numbers that a child is promised.</summary>
    internal const int FirstHigh = 64;

    /// <summary>Sets FD_CLOEXEC, so that no child gets the descriptor by accident.</summary>
    internal static void SetCloseOnExec(int fd)
    {
        var flags = Fcntl(fd, Libc.F_GETFD, 0);
        if ((flags & Libc.FD_CLOEXEC) == 0) Fcntl(fd, Libc.F_SETFD, flags | Libc.FD_CLOEXEC);
    }

    /// <summary>Clears FD_CLOEXEC: whatever is executed from now on, in this process or in a child, has the descriptor.</summary>
    internal static void ClearCloseOnExec(int fd) => Fcntl(fd, Libc.F_SETFD, Fcntl(fd, Libc.F_GETFD, 0) & ~Libc.FD_CLOEXEC);

    /// <summary>Whether FD_CLOEXEC is set.</summary>
    internal static bool IsCloseOnExec(int fd) => (Fcntl(fd, Libc.F_GETFD, 0) & Libc.FD_CLOEXEC) != 0;

    /// <summary>Sets O_NONBLOCK. It belongs to the open file, so every duplicate, in any process, gets it too.</summary>
    internal static void SetNonBlocking(int fd)
    {
        var flags = Fcntl(fd, Libc.F_GETFL, 0);
        if ((flags & Libc.O_NONBLOCK) == 0) Fcntl(fd, Libc.F_SETFL, flags | Libc.O_NONBLOCK);
    }

    /// <summary>Clears O_NONBLOCK.</summary>
    internal static void SetBlocking(int fd) => Fcntl(fd, Libc.F_SETFL, Fcntl(fd, Libc.F_GETFL, 0) & ~Libc.O_NONBLOCK);

    /// <summary>Duplicates to the lowest free number with FD_CLOEXEC; the caller closes it.</summary>
    internal static int Duplicate(int fd) => Fcntl(fd, Libc.F_DUPFD_CLOEXEC, 0);

    /// <summary>Duplicates to the lowest free number from 64 up, or from <paramref name="minimum"/>, with FD_CLOEXEC; the caller closes
    /// it.</summary>
    /// <exception cref="PosixException">EMFILE; EINVAL if RLIMIT_NOFILE is not above the minimum.</exception>
    internal static int DuplicateHigh(int fd, int minimum = FirstHigh) => Fcntl(fd, Libc.F_DUPFD_CLOEXEC, Math.Max(minimum, FirstHigh));

    /// <summary>Closes a descriptor. After EINTR it is closed on Linux: another attempt could hit a number that is in use again.</summary>
    /// <exception cref="PosixException">EBADF: it was closed before, which is a bug; EIO and others: closed, but data of a file was
    /// lost.</exception>
    internal static void Close(int fd)
    {
        if (Libc.Close(fd) < 0 && Marshal.GetLastPInvokeError() is var errno and not Errno.EINTR) throw new PosixException("close", errno,
            Describe(fd));
    }

    /// <summary>Returns when what was written to a file is on its disk. See fsync(2).</summary>
    internal static void Flush(int fd)
    {
        while (Libc.Fsync(fd) < 0)
        {
            if (Marshal.GetLastPInvokeError() is var errno and not Errno.EINTR) throw new PosixException("fsync", errno, Describe(fd));
        }
    }

    /// <summary>Whether the descriptor is a terminal.</summary>
    internal static bool IsTerminal(int fd) => Libc.IsATty(fd) == 1;

    /// <summary>How many descriptors this process has open.</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static int CountOpen() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1; // less the one that lists them

    /// <summary>The descriptors of 3 and more that a child would get by inheritance: somebody has passed them to this process, or a
    /// library forgot FD_CLOEXEC.</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static IReadOnlyList<int> Inheritable()
    {
        List<int> found = [];
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var fd) && fd > 2
                && Libc.Fcntl(fd, Libc.F_GETFD, 0) is >= 0 and var flags && (flags & Libc.FD_CLOEXEC) == 0)
                found.Add(fd);
        }

        return found;
    }

    /// <summary>A path with all symbolic links followed.</summary>
    /// <exception cref="IOException">There is no such file, it may not be looked at, or /proc is not mounted.</exception>
    internal static string RealPath(string path)
    {
        var fd = Open(path, Libc.O_PATH);
        try
        {
            return new FileInfo($"/proc/self/fd/{fd}").LinkTarget ?? throw new IOException("/proc/self/fd cannot be read: mount /proc.");
        }
        finally
        {
            Close(fd);
        }
    }

    /// <summary>Opens a file with O_CLOEXEC.</summary>
    internal static int Open(string path, int flags, int mode = 0)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(path))
        {
            int fd;
            while ((fd = Libc.Open(bytes, flags | Libc.O_CLOEXEC, (uint)mode)) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR) throw new PosixException("open", errno, path);
            }

            return fd;
        }
    }

    /// <summary>Makes <paramref name="target"/> name what <paramref name="fd"/> names, without FD_CLOEXEC; what it named before is
    /// closed.</summary>
    internal static void Replace(int target, int fd)
    {
        while (Libc.Dup2(fd, target) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) throw new PosixException("dup2", errno, $"{Describe(fd)} to {target}");
        }
    }

    /// <summary>Makes <paramref name="target"/> name what <paramref name="fd"/> names, with FD_CLOEXEC; what it named before is
    /// closed.</summary>
    internal static void ReplaceCloseOnExec(int target, int fd)
    {
        while (Libc.Dup3(fd, target, Libc.O_CLOEXEC) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) throw new PosixException("dup3", errno, $"{Describe(fd)} to {target}");
        }
    }

    /// <summary>Whether the number names an open file.</summary>
    internal static bool IsOpen(int fd) => Libc.Fcntl(fd, Libc.F_GETFD, 0) >= 0;

    /// <summary>Writes all bytes to a blocking or non-blocking descriptor.</summary>
    internal static void WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                var written = Libc.Write(fd, start + done, (nuint)(bytes.Length - done));
                if (written >= 0)
                {
                    done += written;
                    continue;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN) Poll.WaitForOne(fd, PollEvents.Writable); // an inherited terminal or pipe may be non-blocking
                else if (errno != Errno.EINTR) throw new PosixException("write", errno, Describe(fd));
            }
        }
    }

    /// <summary>Writes once, what fits; a blocking descriptor may let it wait.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="bytes">What to write; not empty.</param>
    /// <param name="errno">Why nothing was written; 0 if something was.</param>
    /// <returns>How many bytes were written; 0 on an error.</returns>
    internal static int TryWrite(int fd, ReadOnlySpan<byte> bytes, out int errno)
    {
        fixed (byte* start = bytes)
        {
            var written = (int)Libc.Write(fd, start, (nuint)bytes.Length);
            errno = written >= 0 ? 0 : Marshal.GetLastPInvokeError();
            return Math.Max(written, 0);
        }
    }

    internal static string Describe(int fd) => $"descriptor {fd}";

    private static int Fcntl(int fd, int command, int argument)
    {
        var result = Libc.Fcntl(fd, command, argument);
        return result >= 0 ? result : throw PosixException.Last("fcntl", Describe(fd));
    }
}
