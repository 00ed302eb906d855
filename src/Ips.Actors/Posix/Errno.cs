using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Error numbers of Linux on x64 and arm64 that the code decides by, and the names and texts of all.</summary>
internal static class Errno
{
    internal const int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13;
    internal const int EEXIST = 17, ENOTDIR = 20, EINVAL = 22, ENFILE = 23, EMFILE = 24, ENOTTY = 25, EPIPE = 32, ENAMETOOLONG = 36, ENOSYS = 38;
    internal const int ELOOP = 40, ENONET = 64, EPROTO = 71, ENOTSOCK = 88, EMSGSIZE = 90, ENOPROTOOPT = 92, EOPNOTSUPP = 95, EAFNOSUPPORT = 97;
    internal const int EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101, ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105;
    internal const int ECONNREFUSED = 111, EHOSTDOWN = 112, EHOSTUNREACH = 113;

    /// <summary>The symbol, such as <c>EACCES</c>; the number itself if it has none.</summary>
    internal static string Name(int errno) => errno switch
    {
        // These share their number with another symbol.
        EAGAIN => nameof(EAGAIN),
        EOPNOTSUPP => nameof(EOPNOTSUPP),
        35 => "EDEADLK",
        _ => ((Mono.Unix.Native.Errno)errno).ToString(),
    };

    /// <summary>The C library's text, such as <c>Permission denied</c>.</summary>
    internal static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
