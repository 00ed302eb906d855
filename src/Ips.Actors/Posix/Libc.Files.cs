using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>
/// The C library's calls. Meaning and error handling are in the classes that wrap them; nothing outside this folder calls these.
/// </summary>
/// <remarks>
/// "libc" is mapped by the runtime to libc.so.6 on glibc and to musl's library there. Numbers and layouts are those of Linux on x64
/// and arm64. Mono.Posix's calls are not used: they need libMonoPosixHelper.so, which is built for glibc, and cost 2 ms at the first one.
/// Functions that are variadic in C (open, fcntl, syscall, prctl) are called the same way as others on these two platforms.
/// </remarks>
internal static unsafe partial class Libc
{
    internal const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_APPEND = 0x400,
        O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000, O_PATH = 0x200000;
    internal const int F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, FD_CLOEXEC = 1;
    internal const int LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
    internal const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;
    internal const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_TYPE = 0x1, STATX_MODE = 0x2, STATX_NLINK = 0x4, STATX_UID = 0x8, STATX_GID = 0x10, STATX_INO = 0x100,
        STATX_BTIME = 0x800;

    // O_DIRECTORY and O_NOFOLLOW are among the few that differ between architectures.
    internal static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    internal static readonly int O_NOFOLLOW = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    // statx(2) by number: musl has a wrapper only since 1.2.5.
    internal static readonly nint SYS_statx = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;

    // renameat2(2) by number for the same reason: musl has a wrapper only since 1.2.6.
    internal static readonly nint SYS_renameat2 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 276 : 316;

    // memfd_create(2) by number for the same reason.
    internal static readonly nint SYS_memfd_create = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 279 : 319;

    internal const int MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_NOEXEC_SEAL = 8;
    internal const int F_ADD_SEALS = 1033, F_GET_SEALS = 1034;
    internal const int F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8;
    internal const int SEEK_END = 2;
    internal const int RENAME_NOREPLACE = 1;
    internal const uint FICLONE = 0x40049409;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)] internal static partial int Open(byte* path, int flags, uint mode);
    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    internal static partial int OpenAt(int folder, byte* path, int flags, uint mode);
    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    internal static partial int MkdirAt(int folder, byte* path,
        uint mode);
    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    internal static partial nint ReadLinkAt(int folder, byte* path, byte* target, nuint size);
    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    internal static partial int RenameAt(int fromFolder, byte* from, int toFolder, byte* to);
    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    internal static partial int UnlinkAt(int folder, byte* path,
        int flags);
    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    internal static partial int SymlinkAt(byte* target, int folder, byte* path);
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(int fd, nuint request, nint argument);
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)] internal static partial int Fsync(int fd);
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)] internal static partial int Close(int fd);
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)] internal static partial nint Write(int fd, byte* bytes, nuint count);
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)] internal static partial nint Read(int fd, byte* bytes, nuint count);
    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint PRead(int fd, byte* bytes, nuint count, long offset);
    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)] internal static partial long LSeek(int fd, long offset, int whence);
    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)] internal static partial int Dup2(int fd, int target);
    [LibraryImport("libc", EntryPoint = "dup3", SetLastError = true)] internal static partial int Dup3(int fd, int target, int flags);
    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)] internal static partial int Pipe2(int* pair, int flags);
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Fcntl(int fd, int command,
        nint argument);
    [LibraryImport("libc", EntryPoint = "isatty", SetLastError = true)] internal static partial int IsATty(int fd);
    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)] internal static partial int Flock(int fd, int operation);
    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)] internal static partial int Chmod(byte* path, uint mode);
    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)] internal static partial int Fchmod(int fd, uint mode);
    [LibraryImport("libc", EntryPoint = "umask")] internal static partial uint Umask(uint mask);
    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)] internal static partial int Eventfd(uint initial, int flags);
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollEntry* entries, nuint count,
        int timeoutMs);
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint Syscall(nint number, nint a, nint b, nint c, nint d, nint e);
}
