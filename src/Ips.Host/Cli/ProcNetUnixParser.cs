using System.Globalization;

namespace Ips.Host.Cli;

/// <summary>A Unix socket that listens.</summary>
/// <param name="Inode">Its inode, as in <c>/proc/PID/fd</c>: <c>socket:[N]</c>.</param>
/// <param name="Path">The path that it was bound to.</param>
internal readonly record struct ListeningUnixSocket(long Inode, string Path);

/// <summary>Reads <c>/proc/net/unix</c>. Pure. See proc_net_unix(5).</summary>
internal static class ProcNetUnixParser
{
    private const int AcceptsConnections = 0x10000; // __SO_ACCEPTCON
    private const int InodeColumn = 6;

    /// <summary>The stream sockets that listen at a path of the file system. Lines that are not of the known form are passed
    /// over.</summary>
    internal static IReadOnlyList<ListeningUnixSocket> Parse(string text)
    {
        List<ListeningUnixSocket> found = [];
        Span<Range> columns = stackalloc Range[InodeColumn + 2];
        foreach (var line in text.Split('\n').Skip(1)) // the first line is the headline
        {
            // Num: RefCount Protocol Flags Type St Inode Path; the path may contain spaces.
            var rest = line.AsSpan();
            if (rest.Split(columns, ' ', StringSplitOptions.RemoveEmptyEntries) < columns.Length) continue;
            if (!int.TryParse(rest[columns[3]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var flags)
                || (flags & AcceptsConnections) == 0
                || rest[columns[4]] is not "0001"
                || !long.TryParse(rest[columns[InodeColumn]], NumberStyles.None, CultureInfo.InvariantCulture, out var inode))
                continue;
            var path = rest[columns[InodeColumn + 1]];
            if (path[0] != '@') found.Add(new(inode, path.ToString())); // '@': an abstract name
        }
        return found;
    }
}
