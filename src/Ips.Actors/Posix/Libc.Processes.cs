using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

internal static unsafe partial class Libc
{
    internal const short POSIX_SPAWN_SETPGROUP = 0x2, POSIX_SPAWN_SETSIGDEF = 0x4, POSIX_SPAWN_SETSIGMASK = 0x8, POSIX_SPAWN_SETSID = 0x80;
    internal const int WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x01000000, P_ALL = 0, P_PID = 1;
    internal const int SIG_BLOCK = 0, SIG_UNBLOCK = 1;
    internal const int PR_SET_CHILD_SUBREAPER = 36;
    internal const int SYS_pidfd_send_signal = 424, SYS_pidfd_open = 434; // the same on every architecture

    /// <summary>Bytes to reserve for posix_spawnattr_t (336) and posix_spawn_file_actions_t (80 on glibc, 80 on musl), with room to
    /// spare.</summary>
    internal const int SpawnObjectSizeBytes = 512;

    /// <summary>sigset_t is 1024 bits in both libraries, of which the kernel uses the first 64: bit n-1 is signal n.</summary>
    internal const int SignalSetSizeBytes = 128;

    /// <summary>Bytes to reserve for struct sigaction (152); its first field is the handler.</summary>
    internal const int SignalActionSizeBytes = 256;

    internal const int RLIMIT_NOFILE = 7;
    internal const int PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;
    internal const int MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2;

    // posix_spawn's family returns the error instead of setting errno.
    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    internal static partial int PosixSpawn(int* pid, byte* path, void* fileActions, void* attributes, byte** arguments, byte** environment);
    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true)]
    internal static partial int Execve(byte* path, byte** arguments,
        byte** environment);
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")] internal static partial int FileActionsInit(void* actions);
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")] internal static partial int FileActionsDestroy(void* actions);
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static partial int FileActionsAddDup2(void* actions,
        int fd, int target);
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclose")]
    internal static partial int FileActionsAddClose(void* actions, int fd);
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    internal static partial int FileActionsAddChdir(
        void* actions, byte* path);
    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")] internal static partial int SpawnAttributesInit(void* attributes);
    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")] internal static partial int SpawnAttributesDestroy(void* attributes);
    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SpawnAttributesSetFlags(void* attributes,
        short flags);
    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SpawnAttributesSetSigDefault(
        void* attributes, ulong* set);
    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int SpawnAttributesSetSigMask(
        void* attributes, ulong* set);
    [LibraryImport("libc", EntryPoint = "pthread_sigmask")] internal static partial int PthreadSigMask(int how, ulong* set, ulong* old);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial void* MMap(void* address, nuint size, int protection, int flags, int fd, nint offset);
    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)] internal static partial int MUnmap(void* address, nuint size);
    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int MProtect(void* address, nuint size, int protection);
    [LibraryImport("libc", EntryPoint = "mremap", SetLastError = true)]
    internal static partial void* MRemap(void* old, nuint oldSize, nuint newSize, int flags, void* address);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    internal static partial int GetRLimit(int resource,
        ResourceLimit* limit);
    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    internal static partial int SetRLimit(int resource,
        ResourceLimit* limit);
    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    internal static partial int SigAction(int signal, void* action,
        void* old);
    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, int* status,
        int options);
    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    internal static partial int WaitId(int type, int id, void* info,
        int options);
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)] internal static partial int Kill(int pid, int signal);
    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int Prctl(int option, nint a, nint b, nint c,
        nint d);
    [LibraryImport("libc", EntryPoint = "getuid")] internal static partial uint GetUid();
    [LibraryImport("libc", EntryPoint = "geteuid")] internal static partial uint GetEUid();
    [LibraryImport("libc", EntryPoint = "getgid")] internal static partial uint GetGid();
    [LibraryImport("libc", EntryPoint = "getpgrp")] internal static partial int GetPgrp();
    [LibraryImport("libc", EntryPoint = "getpgid", SetLastError = true)] internal static partial int GetPgid(int pid);
    [LibraryImport("libc", EntryPoint = "setpgid", SetLastError = true)] internal static partial int SetPgid(int pid, int group);
    [LibraryImport("libc", EntryPoint = "getsid", SetLastError = true)] internal static partial int GetSid(int pid);
    [LibraryImport("libc", EntryPoint = "tcgetpgrp", SetLastError = true)] internal static partial int TcGetPgrp(int fd);

    /// <summary>struct rlimit of a 64-bit system.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        internal ulong Soft;
        internal ulong Hard;
    }
}

internal static unsafe partial class Libc
{
    internal const int PR_SET_NO_NEW_PRIVS = 38;
    internal const int W_OK = 2, X_OK = 1;

    // The C library's own wrappers of the three set calls change every thread of the process; the kernel's calls change one.
    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)] internal static partial int SetGroups(nuint count, uint* groups);
    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    internal static partial int SetResGid(uint real, uint effective,
        uint saved);
    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    internal static partial int SetResUid(uint real, uint effective,
        uint saved);
    [LibraryImport("libc", EntryPoint = "getgrouplist")]
    internal static partial int GetGroupList(byte* user, uint group, uint* groups,
        int* count);
    [LibraryImport("libc", EntryPoint = "access", SetLastError = true)] internal static partial int Access(byte* path, int mode);
    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    internal static partial int FchownAt(int directory, byte* path, uint user, uint group, int flags);
}
