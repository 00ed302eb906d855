using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A file in memory whose content nobody can change any longer, to be passed to another process. See memfd_create(2).</summary>
/// <remarks>It is written and read, never mapped: so it is on no disk, in no core dump, and a peer that cuts it off cannot raise a
/// signal here.</remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class SealedMemory
{
    private const int Seals = Libc.F_SEAL_SEAL | Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_WRITE;

    /// <summary>A sealed copy of bytes.</summary>
    /// <param name="name">Shown in /proc/PID/fd; ASCII.</param>
    /// <param name="bytes">The content.</param>
    /// <returns>A descriptor with FD_CLOEXEC; the caller closes it.</returns>
    /// <exception cref="PosixException">EMFILE, ENFILE, ENOMEM.</exception>
    internal static int Create(string name, ReadOnlySpan<byte> bytes)
    {
        var fd = Open(name);
        try
        {
            FileDescriptors.WriteAll(fd, bytes);
            if (Libc.Fcntl(fd, Libc.F_ADD_SEALS, Seals) < 0) throw PosixException.Last("fcntl", name);
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    /// <summary>The content of a descriptor that a peer has sent; null if it is not such a file, not sealed, empty or too large.</summary>
    /// <param name="fd">The descriptor; stays the caller's.</param>
    /// <param name="mostBytes">The largest content that is read.</param>
    internal static byte[]? TryRead(int fd, int mostBytes)
    {
        // Of any other file EINVAL. Without these seals its size could change after it was looked at.
        var seals = Libc.Fcntl(fd, Libc.F_GET_SEALS, 0);
        if (seals < 0 || (seals & Seals) != Seals) return null;
        var size = Libc.LSeek(fd, 0, Libc.SEEK_END);
        if (size <= 0 || size > mostBytes) return null;

        var content = GC.AllocateUninitializedArray<byte>((int)size);
        fixed (byte* start = content)
        {
            for (nint done = 0; done < content.Length;)
            {
                var read = Libc.PRead(fd, start + done, (nuint)(content.Length - done), done);
                if (read > 0) done += read;
                else if (read == 0 || Marshal.GetLastPInvokeError() != Errno.EINTR) return null;
            }
        }

        return content;
    }

    private static int Open(string name)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(name))
        {
            const nint flags = Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING;
            var fd = (int)Libc.Syscall(Libc.SYS_memfd_create, (nint)bytes, flags | Libc.MFD_NOEXEC_SEAL, 0, 0, 0);
            if (fd < 0 && Marshal.GetLastPInvokeError() == Errno.EINVAL) // before Linux 6.3
                fd = (int)Libc.Syscall(Libc.SYS_memfd_create, (nint)bytes, flags, 0, 0, 0);
            return fd >= 0 ? fd : throw PosixException.Last("memfd_create", name);
        }
    }
}
