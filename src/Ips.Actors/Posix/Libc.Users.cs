using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

internal static unsafe partial class Libc
{
    internal const int PR_SET_NO_NEW_PRIVS = 38;
    internal const int W_OK = 2, X_OK = 1;

    // The C library's own wrappers of the three set calls change every thread of the process; the kernel's calls change one.
    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)] internal static partial int SetGroups(nuint count, uint* groups);
    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)] internal static partial int SetResGid(uint real, uint effective, uint saved);
    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)] internal static partial int SetResUid(uint real, uint effective, uint saved);
    [LibraryImport("libc", EntryPoint = "getgrouplist")] internal static partial int GetGroupList(byte* user, uint group, uint* groups, int* count);
    [LibraryImport("libc", EntryPoint = "access", SetLastError = true)] internal static partial int Access(byte* path, int mode);
    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    internal static partial int FchownAt(int directory, byte* path, uint user, uint group, int flags);
}
