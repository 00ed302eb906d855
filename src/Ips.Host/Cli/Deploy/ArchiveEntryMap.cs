using Ips.Actors.Diagnostics;

namespace Ips.Host.Cli.Deploy;

/// <summary>What an entry of an archive, or of a folder to copy, is.</summary>
internal enum ArchiveEntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>Another name of an earlier file.</summary>
    HardLink,

    /// <summary>A device, a FIFO, a socket, or a kind that is not known.</summary>
    Other,
}

/// <summary>An entry as the archive has it.</summary>
/// <param name="Name">Its path.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permissions; null if the archive has none.</param>
/// <param name="SizeBytes">Its size, as the archive says.</param>
/// <param name="Target">Where a link leads.</param>
internal sealed record ArchiveEntry(string Name, ArchiveEntryKind Kind, int? Mode = null, long SizeBytes = 0, string? Target = null);

/// <summary>What to make of an entry.</summary>
/// <param name="Path">Its path in the release's folder.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permissions there: the archive's, without set-user-ID and the like, and without writing for others.</param>
/// <param name="Target">Where a symbolic link leads; of another name, the path of the file in the release's folder.</param>
internal sealed record ArchiveStep(string Path, ArchiveEntryKind Kind, int Mode, string? Target = null);

/// <summary>An archive cannot be taken. The message names the entry.</summary>
internal sealed class ArchiveException(string message) : Exception(message);

/// <summary>Maps the entries of an archive to places in a release's folder, in their order, and lets none out of it. Pure.</summary>
/// <remarks>An entry whose path leads through a link is refused, wherever the link leads. A link may go up first and then only down, so
/// whatever links it meets on its way down, it ends inside.</remarks>
/// <param name="mostEntries">The most entries, folders that only a path names included.</param>
/// <param name="mostBytes">The most bytes of all files.</param>
internal sealed class ArchiveEntryMap(int mostEntries = ArchiveEntryMap.MostEntries, long mostBytes = ArchiveEntryMap.MostBytes)
{
    /// <summary>The most entries of a release.</summary>
    internal const int MostEntries = 100_000;

    /// <summary>The most bytes of a release.</summary>
    internal const long MostBytes = 8L << 30;

    private const int GoodForOwner = 0b110_000_000, FolderForOwner = 0b111_000_000, NoWriteForOthers = 0b111_101_101;
    private const int DefaultFile = 0b110_100_100, DefaultFolder = 0b111_101_101; // 0644, 0755

    private readonly Dictionary<string, ArchiveEntryKind> _known = new(StringComparer.Ordinal);
    private readonly List<(string Path, string Target)> _links = [];
    private int _entries;
    private long _bytes;

    /// <summary>What the names at the top are.</summary>
    internal IReadOnlyList<string> Top => [.. _known.Keys.Where(path => !path.Contains('/', StringComparison.Ordinal))];

    /// <summary>The kind of a path; null if there is none.</summary>
    internal ArchiveEntryKind? KindOf(string path) => _known.TryGetValue(path, out var kind) ? kind : null;

    /// <summary>Counts bytes that were written: an archive may have said less.</summary>
    /// <exception cref="ArchiveException">They are too many.</exception>
    internal void Count(long bytes)
    {
        _bytes += bytes;
        if (_bytes > mostBytes) throw new ArchiveException($"it has more than {mostBytes >> 20} MiB in its files, the limit of a release");
    }

    /// <summary>Maps the next entry.</summary>
    /// <returns>Null for nothing to make: the top folder itself, a folder that is there already.</returns>
    /// <exception cref="ArchiveException">It must not be made.</exception>
    internal ArchiveStep? Next(ArchiveEntry entry)
    {
        var path = Normal(entry.Name);
        if (path.Length == 0) return entry.Kind == ArchiveEntryKind.Folder ? null : throw Refuse(entry.Name, "has no name");
        if (entry.Kind == ArchiveEntryKind.Other)
            throw Refuse(entry.Name, "is a device, a FIFO or a socket; a release has only files, folders and links");
        MakeParents(path, entry.Name);
        if (_known.TryGetValue(path, out var former))
        {
            return former == ArchiveEntryKind.Folder && entry.Kind == ArchiveEntryKind.Folder ? null
                : throw Refuse(entry.Name, "is in there twice");
        }

        if (entry.SizeBytes > mostBytes - _bytes) Count(entry.SizeBytes);
        Add(path, entry.Kind == ArchiveEntryKind.HardLink ? ArchiveEntryKind.File : entry.Kind);
        return entry.Kind switch
        {
            ArchiveEntryKind.Folder => new ArchiveStep(path, entry.Kind, Mode(entry.Mode, FolderForOwner, DefaultFolder)),
            ArchiveEntryKind.File => new ArchiveStep(path, entry.Kind, Mode(entry.Mode, GoodForOwner, DefaultFile)),
            ArchiveEntryKind.HardLink => new ArchiveStep(path, entry.Kind, 0, FileNamed(entry)),
            _ => new ArchiveStep(path, entry.Kind, 0, Link(path, entry)),
        };
    }

    /// <summary>The one folder at the top in which everything is, if a program is in it and not beside it.</summary>
    /// <param name="program">The program's path in a release.</param>
    /// <exception cref="ArchiveException">A link in it leads out of it.</exception>
    internal string? OneFolder(string program)
    {
        if (KindOf(program) is not null || Top is not [var top] || KindOf(top) != ArchiveEntryKind.Folder) return null;
        foreach (var (path, target) in _links)
        {
            if (LinkFault(path[(top.Length + 1)..], target) is { } fault) throw Refuse(path, fault);
        }

        return top;
    }

    /// <summary>What is wrong with a link in a release; null if it stays inside.</summary>
    /// <param name="path">The link's path in the release's folder.</param>
    /// <param name="target">Where it leads.</param>
    internal static string? LinkFault(string path, string target)
    {
        if (target.Length == 0) return "is a link without a target";
        if (target[0] == '/') return $"is a link to {TerminalText.Line(target)}, which is an absolute path; make it relative";
        var parts = target.Split('/').Where(part => part is not ("" or ".")).ToList();
        var up = parts.TakeWhile(part => part == "..").Count();
        if (up > path.Count(c => c == '/')) return $"is a link to {TerminalText.Line(target)}, out of the release's folder";
        return parts.Skip(up).Contains("..") ? $"is a link to {TerminalText.Line(target)}; '..' may only be at the beginning" : null;
    }

    private string Link(string path, ArchiveEntry entry)
    {
        var target = entry.Target ?? "";
        if (LinkFault(path, target) is { } fault) throw Refuse(entry.Name, fault);
        _links.Add((path, target));
        return target;
    }

    private string FileNamed(ArchiveEntry entry)
    {
        var path = Normal(entry.Target ?? "");
        return KindOf(path) == ArchiveEntryKind.File ? path
            : throw Refuse(entry.Name, $"is another name of {TerminalText.Line(entry.Target ?? "")}, which is no file before it");
    }

    private void MakeParents(string path, string name)
    {
        for (var end = path.IndexOf('/', StringComparison.Ordinal); end > 0; end = path.IndexOf('/', end + 1))
        {
            var parent = path[..end];
            switch (KindOf(parent))
            {
                case null: Add(parent, ArchiveEntryKind.Folder); break;
                case ArchiveEntryKind.Folder: break;
                case ArchiveEntryKind.Link: throw Refuse(name, $"leads through the link {TerminalText.Line(parent)}");
                default: throw Refuse(name, $"is in {TerminalText.Line(parent)}, which is a file");
            }
        }
    }

    private void Add(string path, ArchiveEntryKind kind)
    {
        _known[path] = kind;
        if (++_entries > mostEntries) throw new ArchiveException($"it has more than {mostEntries} entries, the limit of a release");
    }

    private static string Normal(string name)
    {
        if (name is ['/', ..]) throw Refuse(name, "has an absolute path");
        if (name.Contains('\0', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal))
            throw Refuse(name, "has a backslash or a NUL in its path");
        var parts = name.Split('/').Where(part => part is not ("" or ".")).ToList();
        return parts.Contains("..") ? throw Refuse(name, "has '..' in its path") : string.Join('/', parts);
    }

    private static int Mode(int? mode, int least, int otherwise) => mode is { } given ? (given & NoWriteForOthers) | least : otherwise;

    private static ArchiveException Refuse(string name, string why) => new($"{TerminalText.Line(name)} {why}");
}
