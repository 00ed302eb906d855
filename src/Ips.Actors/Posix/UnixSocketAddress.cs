using System.Net.Sockets;
using System.Text;

namespace Ips.Actors.Posix;

/// <summary>The address of a Unix socket for bind(2) and connect(2), for as long as it is not disposed; also of a path that is too long for
/// it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UnixSocketAddress : IDisposable
{
    // sun_path has 108 bytes, one of them for the NUL.
    private const int MaxPathSizeBytes = 107;

    private readonly int _directoryFd = -1;

    /// <param name="path">A path, or a NUL character and a name of the abstract namespace (at most 107 bytes).</param>
    /// <exception cref="PosixException">The folder of a long path is missing; ENAMETOOLONG: its last part alone is too long.</exception>
    internal UnixSocketAddress(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var shortPath = path;
        if (Encoding.UTF8.GetByteCount(path) > MaxPathSizeBytes && path[0] != '\0')
        {
            var full = Path.GetFullPath(path);
            _directoryFd = FileDescriptors.Open(Path.GetDirectoryName(full)!, Libc.O_PATH | Libc.O_DIRECTORY);
            shortPath = $"/proc/self/fd/{_directoryFd}/{Path.GetFileName(full)}";
        }

        if (Encoding.UTF8.GetByteCount(shortPath) > MaxPathSizeBytes)
        {
            Dispose();
            throw new PosixException("bind", Errno.ENAMETOOLONG, path.TrimStart('\0'));
        }

        var address = new UnixDomainSocketEndPoint(shortPath).Serialize();
        Bytes = address.Buffer[..address.Size];
    }

    /// <summary>struct sockaddr_un.</summary>
    internal ReadOnlyMemory<byte> Bytes { get; }

    public void Dispose()
    {
        if (_directoryFd >= 0) FileDescriptors.Close(_directoryFd);
    }
}
