using System.Globalization;
using System.Runtime.InteropServices;

namespace Ips.SampleApp;

/// <summary>What the listening sockets of this process are like, seen from within: from without it takes the right to trace it.</summary>
internal static unsafe partial class ListeningSockets
{
    private const int SolSocket = 1, Linger = 13, AcceptsConnections = 30; // SO_LINGER and SO_ACCEPTCONN of Linux on x64 and arm64

    /// <summary>A line for each: whether closing a connection that it accepts lingers or resets.</summary>
    public static string Describe()
    {
        List<string> lines = [];
        foreach (var path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            var fd = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            if (Option(fd, AcceptsConnections) is not (1, _) || IsUnix(fd)) continue;
            lines.Add(Option(fd, Linger) is (0, _) ? "linger off" : "linger on");
        }

        return string.Join('\n', lines);
    }

    private static bool IsUnix(int fd) => Option(fd, 39) is (1, _); // SO_DOMAIN is AF_UNIX: the control socket

    private static (int First, int Second)? Option(int fd, int name)
    {
        var value = stackalloc int[2];
        uint length = 8;
        return GetSocketOption(fd, SolSocket, name, value, &length) == 0 ? (value[0], value[1]) : null;
    }

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static partial int GetSocketOption(int fd, int level, int name, void* value, uint* length);
}
