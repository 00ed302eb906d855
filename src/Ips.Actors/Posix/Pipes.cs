using System.Globalization;
using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Pipes, and who in this process holds one. See pipe(7).</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class Pipes
{
    private const int CapacityBytes = 1024 * 1024; // what fs.pipe-max-size allows any user by default
    private const int AccessModeMask = 3;

    /// <summary>A pipe with FD_CLOEXEC on both ends; reading never waits. It holds 1 MiB, or 64 KiB where the user's quota of pipe memory
    /// is used up.</summary>
    /// <exception cref="PosixException">EMFILE, ENFILE: no descriptor is left.</exception>
    internal static (int Read, int Write) Create()
    {
        var pair = stackalloc int[2];
        if (Libc.Pipe2(pair, Libc.O_CLOEXEC) < 0) throw PosixException.Last("pipe2");
        _ = Libc.Fcntl(pair[0], Libc.F_SETPIPE_SZ, CapacityBytes); // EPERM leaves the default size, which does as well
        try
        {
            FileDescriptors.SetNonBlocking(pair[0]); // the two ends are two open files: writers still wait
        }
        catch
        {
            FileDescriptors.Close(pair[0]);
            FileDescriptors.Close(pair[1]);
            throw;
        }

        return (pair[0], pair[1]);
    }

    /// <summary>Reads what is there.</summary>
    /// <returns>The bytes read; 0 when every write end is closed and nothing is left; -1 if nothing is there now.</returns>
    internal static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var read = (int)Libc.Read(fd, start, (nuint)buffer.Length);
                if (read >= 0) return read;
                switch (Marshal.GetLastPInvokeError())
                {
                    case Errno.EINTR: continue;
                    case Errno.EAGAIN: return -1;
                    case var errno: throw new PosixException("read", errno, FileDescriptors.Describe(fd));
                }
            }
        }
    }

    /// <summary>The descriptors of this process that write to a pipe.</summary>
    /// <param name="pipe">Either end of it.</param>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static IReadOnlyList<int> WritersOf(int pipe)
    {
        var wanted = LinkOf(pipe);
        List<int> writers = [];
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var fd)
                && LinkOf(fd) == wanted && (Libc.Fcntl(fd, Libc.F_GETFL, 0) & AccessModeMask) == Libc.O_WRONLY)
                writers.Add(fd);
        }

        return writers;
    }

    // "pipe:[12345]": a number that no other living pipe has. Null if it was closed meanwhile.
    private static string? LinkOf(int fd) => new FileInfo($"/proc/self/fd/{fd}").LinkTarget;
}
