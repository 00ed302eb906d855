namespace Ips.Actors.Posix;

/// <summary>Whom this process acts as.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class Credentials
{
    /// <summary>Gives up root permanently: supplementary groups, group and user of all threads. This thread, and what is executed from it,
    /// can never gain a right again (PR_SET_NO_NEW_PRIVS); other threads could, so execute a program next.</summary>
    /// <exception cref="PosixException">EPERM: not root, or a sandbox forbids it.</exception>
    internal static void Become(uint userId, uint groupId, uint[] groups)
    {
        fixed (uint* numbers = groups)
        {
            if (Libc.SetGroups((nuint)groups.Length, numbers) < 0) throw PosixException.Last("setgroups");
        }

        if (Libc.SetResGid(groupId, groupId, groupId) < 0) throw PosixException.Last("setresgid", $"group {groupId}");
        if (Libc.SetResUid(userId, userId, userId) < 0) throw PosixException.Last("setresuid", $"user {userId}");
        if (Libc.Prctl(Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) throw PosixException.Last("prctl", "PR_SET_NO_NEW_PRIVS");
    }

    /// <summary>The groups of this process, the supplementary ones.</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static IReadOnlyList<string> Groups() =>
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Groups:", StringComparison.Ordinal))["Groups:".Length..]
            .Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether this process may make and remove files in a folder, by its real user. See access(2).</summary>
    internal static bool MayWriteTo(string folder) => May(folder, Libc.W_OK | Libc.X_OK);

    /// <summary>Whether this process may run in a folder, or execute a file.</summary>
    internal static bool MayEnter(string path) => May(path, Libc.X_OK);

    /// <summary>Gives a file to a user if it is root's now, is a file or folder of its own name only, and no symbolic link: a user who may
    /// write to the folder could have put a link to somebody else's file in its place.</summary>
    /// <returns>False if there is nothing, or it was left as it is.</returns>
    internal static bool TryGive(string path, uint userId, uint groupId)
    {
        try
        {
            using var place = GuardedPath.Walk(path, followLast: false);
            var fd = place.Open(Libc.O_PATH);
            try
            {
                if (!FileIdentity.IsRootsAlone(fd)) return false;
                Ownership.Give(fd, userId, groupId, path);
                return true;
            }
            finally
            {
                FileDescriptors.Close(fd);
            }
        }
        catch (PosixException e) when (e is { Call: "open", Errno: Errno.ENOENT or Errno.ENOTDIR })
        {
            return false;
        }
    }

    private static bool May(string path, int mode)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(path)) return Libc.Access(bytes, mode) == 0;
    }
}
