using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A call of the C library failed. The message reads <c>bind(2) on 127.0.0.1:80: Permission denied (EACCES)</c>.</summary>
/// <param name="call">The function's name without parentheses, such as <c>bind</c>.</param>
/// <param name="errno">The error number; see <see cref="Posix.Errno"/>.</param>
/// <param name="subject">What it was called on, such as a path or an address; null if there is nothing to name.</param>
internal sealed class PosixException(string call, int errno, string? subject = null) : IOException(Describe(call, errno, subject), errno)
{
    /// <summary>The function's name without parentheses.</summary>
    public string Call { get; } = call;

    /// <summary>The error number.</summary>
    public int Errno { get; } = errno;

    /// <summary>The failure of the P/Invoke that this thread just made. Call it before anything that may overwrite errno.</summary>
    internal static PosixException Last(string call, string? subject = null) => new(call, Marshal.GetLastPInvokeError(), subject);

    /// <summary>The same failure as a <see cref="SocketException"/>, for callers that decide by its code (Kestrel falls back from
    /// <c>[::]</c> to <c>0.0.0.0</c> on a <see cref="SocketException"/>, but never on an <see cref="IOException"/>).</summary>
    internal SocketException ToSocketException() => new((int)(Errno switch
    {
        Posix.Errno.EACCES or Posix.Errno.EPERM => SocketError.AccessDenied,
        Posix.Errno.EADDRINUSE => SocketError.AddressAlreadyInUse,
        Posix.Errno.EADDRNOTAVAIL => SocketError.AddressNotAvailable,
        Posix.Errno.EAFNOSUPPORT => SocketError.AddressFamilyNotSupported,
        Posix.Errno.EMFILE or Posix.Errno.ENFILE => SocketError.TooManyOpenSockets,
        Posix.Errno.ENOBUFS or Posix.Errno.ENOMEM => SocketError.NoBufferSpaceAvailable,
        Posix.Errno.ECONNREFUSED => SocketError.ConnectionRefused,
        Posix.Errno.EINVAL => SocketError.InvalidArgument,
        _ => SocketError.SocketError,
    }), Message);

    private static string Describe(string call, int errno, string? subject)
    {
        // posix_spawn and pthread_sigmask are library functions: section 3 of the manual.
        var section = call.StartsWith("posix_", StringComparison.Ordinal) || call.StartsWith("pthread_", StringComparison.Ordinal) ? 3 : 2;
        return $"{call}({section}){(subject is null ? "" : $" on {subject}")}: {Posix.Errno.Text(errno)} ({Posix.Errno.Name(errno)})";
    }
}
