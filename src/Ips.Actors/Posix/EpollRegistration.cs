using System.Globalization;
using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>
/// Takes a socket out of .NET's epoll sets. A registration belongs to the open file, not to the descriptor: as long as another process
/// holds the socket, closing our descriptor leaves it behind, and each packet for the other process wakes this one.
/// See epoll(7), "Will closing a file descriptor cause it to be removed".
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class EpollRegistration
{
    private const int Delete = 2; // EPOLL_CTL_DEL

    private static readonly Lock s_finding = new();
    private static volatile int[] s_sets = [];

    /// <summary>Finds the sets, if .NET has made them: it makes all of them at the first wait of a socket and keeps them. Call it early:
    /// it looks at every descriptor of the process, and in the middle of a move there are thousands.</summary>
    public static void Prepare()
    {
        if (s_sets.Length > 0) return;
        lock (s_finding)
        {
            if (s_sets.Length == 0) s_sets = FindSets();
        }
    }

    /// <summary>Removes <paramref name="descriptor"/> from each epoll set of this process that has it. Call it just before the
    /// close.</summary>
    /// <returns>How many sets had it: .NET registers a socket at its first asynchronous wait, so 0 is right for one that never
    /// waited.</returns>
    public static int Remove(int descriptor)
    {
        Prepare();
        var removed = 0;
        foreach (var set in s_sets)
        {
            // Anything but 0 means "not in this set" (ENOENT) or "no longer a set" (EBADF, EINVAL): nothing to remove there.
            if (Control(set, Delete, descriptor, 0) == 0) removed++;
        }
        return removed;
    }

    /// <summary>The epoll sets of this process that Ips has not made itself.</summary>
    internal static int[] FindSets()
    {
        List<int> sets = [];
        foreach (var path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                if (File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name is "anon_inode:[eventpoll]"
                    && int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture) is var set && !EpollSet.Is(set))
                    sets.Add(set);
            }
            catch (IOException)
            {
                // Closed since it was listed, as descriptors are all the time; .NET's sets never are.
            }
        }
        return [.. sets];
    }

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    private static partial int Control(int set, int operation, int descriptor, nint @event);
}
