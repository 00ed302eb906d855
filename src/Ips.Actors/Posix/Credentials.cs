namespace Ips.Actors.Posix;

/// <summary>Whom this process acts as.</summary>
internal static unsafe class Credentials
{
    /// <summary>Whether what this process starts is to be kept from gaining rights by set-user-ID programs.</summary>
    internal static bool NoNewPrivileges { get; private set; }

    /// <summary>Gives up root for good: supplementary groups, group, user, of all threads.</summary>
    /// <exception cref="PosixException">EPERM: not root, or a sandbox forbids it.</exception>
    internal static void Become(uint userId, uint groupId, uint[] groups)
    {
        fixed (uint* numbers = groups)
        {
            if (Libc.SetGroups((nuint)groups.Length, numbers) < 0) throw PosixException.Last("setgroups");
        }

        if (Libc.SetResGid(groupId, groupId, groupId) < 0) throw PosixException.Last("setresgid", $"group {groupId}");
        if (Libc.SetResUid(userId, userId, userId) < 0) throw PosixException.Last("setresuid", $"user {userId}");

        // The kernel hides /proc/self of a process that changed its user, from itself too: there the start command and the descriptors are read.
        if (Libc.Prctl(Libc.PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) throw PosixException.Last("prctl", "PR_SET_DUMPABLE");
        NoNewPrivileges = true;
        ForbidNewPrivileges();
    }

    /// <summary>Sets PR_SET_NO_NEW_PRIVS, which belongs to a thread and is inherited from there: call it on the thread that starts a process.</summary>
    internal static void ForbidNewPrivileges()
    {
        if (Libc.Prctl(Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) throw PosixException.Last("prctl", "PR_SET_NO_NEW_PRIVS");
    }

    /// <summary>Whether this process may make and remove files in a folder, by its real user. See access(2).</summary>
    internal static bool MayWriteTo(string folder)
    {
        fixed (byte* path = NativeText.EncodeWithNul(folder)) return Libc.Access(path, Libc.W_OK | Libc.X_OK) == 0;
    }

    /// <summary>Gives a file to a user if it is root's now, is a file or folder of its own name only, and no symbolic link: a user who may write to the
    /// folder could have put a link to somebody else's file in its place.</summary>
    /// <returns>False if there is nothing, or it was left as it is.</returns>
    internal static bool TryGive(string path, uint userId, uint groupId)
    {
        int fd;
        try
        {
            fd = FileDescriptors.Open(path, Libc.O_PATH | Libc.O_NOFOLLOW);
        }
        catch (PosixException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return false;
        }

        try
        {
            if (!FileIdentity.IsRootsAlone(fd)) return false;
            fixed (byte* empty = NativeText.EncodeWithNul(""))
            {
                if (Libc.FchownAt(fd, empty, userId, groupId, Libc.AT_EMPTY_PATH) < 0) throw PosixException.Last("fchownat", path);
            }

            return true;
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }
}
