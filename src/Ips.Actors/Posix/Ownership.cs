namespace Ips.Actors.Posix;

/// <summary>Sets the owner and the permissions of a file by its descriptor, so that it is the file that was looked at.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class Ownership
{
    /// <summary>Leaves a user or a group as it is: (uid_t)-1, see chown(2).</summary>
    internal const uint Unchanged = uint.MaxValue;

    /// <summary>Sets owner and group. Works for a descriptor opened with O_PATH as well.</summary>
    /// <exception cref="PosixException">EPERM: not this process's to give.</exception>
    internal static void Give(int fd, uint user, uint group, string subject)
    {
        fixed (byte* empty = NativeText.EncodeWithNul(""))
        {
            if (Libc.FchownAt(fd, empty, user, group, Libc.AT_EMPTY_PATH) < 0) throw PosixException.Last("fchownat", subject);
        }
    }

    /// <summary>Sets the permissions. fchmod(2) refuses a descriptor opened with O_PATH, and fchmodat2(2) is new: by way of /proc it works
    /// for both.</summary>
    internal static void SetMode(int fd, int mode, string subject)
    {
        fixed (byte* path = NativeText.EncodeWithNul($"/proc/self/fd/{fd}"))
        {
            if (Libc.Chmod(path, (uint)mode) < 0) throw PosixException.Last("chmod", subject);
        }
    }

    /// <summary>Opens the path of a socket that was bound, for the calls above.</summary>
    /// <param name="place">The path.</param>
    /// <param name="expected">The file that it must be; null for one that was just bound.</param>
    /// <returns>A descriptor opened with O_PATH; the caller closes it.</returns>
    /// <exception cref="UnsafePathException">Somebody has put something else there.</exception>
    internal static int OpenBound(GuardedPath place, FileIdentity? expected = null)
    {
        var fd = place.Open(Libc.O_PATH);
        var status = FileStatus.Of(fd);
        var isOurs = !place.IsContested || (status.UserId == ProcessAttributes.EffectiveUserId && status.Links == 1);
        if (expected is { } known ? status.Identity == known : status.IsSocket && isOurs) return fd;
        FileDescriptors.Close(fd);
        throw new UnsafePathException(
            $"{place.FullName} is no longer the socket that was bound there: somebody else may write to its folder.");
    }
}
