using System.Formats.Tar;
using System.IO.Compression;
using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Microsoft.Win32.SafeHandles;

namespace Ips.Host.Cli.Deploy;

/// <summary>The files of a new release: a folder, or an archive.</summary>
internal abstract class ReleaseSource : IDisposable
{
    private const int MagicBytes = 262;

    /// <summary>The file name of the archive; null for a folder.</summary>
    internal virtual string? ArchiveName => null;

    /// <summary>Opens a folder or an archive.</summary>
    /// <exception cref="CliException">It is neither.</exception>
    internal static ReleaseSource Open(string path)
    {
        if (Directory.Exists(path)) return new FolderSource(path);
        if (!File.Exists(path)) throw new CliException(CliExitCode.Failed, $"There is no folder and no archive {path}.");
        var file = File.OpenRead(path);
        try
        {
            Span<byte> magic = stackalloc byte[MagicBytes];
            magic = magic[..file.ReadAtLeast(magic, MagicBytes, throwOnEndOfStream: false)];
            file.Position = 0;
            return magic switch
            {
                [0x1F, 0x8B, ..] => new TarSource(Path.GetFileName(path), new GZipStream(file, CompressionMode.Decompress)),
                [(byte)'P', (byte)'K', 3 or 5, ..] => new ZipSource(Path.GetFileName(path), file),
                { Length: MagicBytes } when magic[257..262].SequenceEqual("ustar"u8) => new TarSource(Path.GetFileName(path), file),
                _ => throw new CliException(CliExitCode.Failed,
                    $"{path} is no archive that ips can unpack; it takes a folder, a tar, a tar.gz and a zip."),
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The entries in their order, each with its content until the next one is asked for; null where there is none.</summary>
    internal abstract IEnumerable<(ArchiveEntry Entry, Func<Stream>? Open)> Entries();

    public virtual void Dispose()
    {
    }

    private sealed class FolderSource(string folder) : ReleaseSource
    {
        internal override IEnumerable<(ArchiveEntry Entry, Func<Stream>? Open)> Entries() => Of("");

        private IEnumerable<(ArchiveEntry Entry, Func<Stream>? Open)> Of(string inner)
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(Path.Combine(folder, inner)).Order(StringComparer.Ordinal))
            {
                var name = inner.Length == 0 ? Path.GetFileName(path) : $"{inner}/{Path.GetFileName(path)}";
                if (FolderTree.StatusOf(path) is not { } status) continue; // removed in this moment
                var kind = status switch
                {
                    { IsRegular: true } => ArchiveEntryKind.File,
                    { IsFolder: true } => ArchiveEntryKind.Folder,
                    { IsLink: true } => ArchiveEntryKind.Link,
                    _ => ArchiveEntryKind.Other,
                };
                var target = kind == ArchiveEntryKind.Link ? new FileInfo(path).LinkTarget : null;
                yield return (new ArchiveEntry(name, kind, status.Permissions, Target: target),
                    kind == ArchiveEntryKind.File ? () => OpenFile(path) : null);
                if (kind != ArchiveEntryKind.Folder) continue;
                foreach (var below in Of(name)) yield return below;
            }
        }

        private static FileStream OpenFile(string path)
        {
            var fd = FolderTree.OpenToRead(path);
            var handle = new SafeFileHandle(fd, ownsHandle: true);
            if (FileStatus.Of(fd).IsRegular) return new FileStream(handle, FileAccess.Read, bufferSize: 0);
            handle.Dispose();
            throw new ArchiveException($"{TerminalText.Line(path)} is no longer a regular file");
        }
    }

    private sealed class TarSource(string name, Stream content) : ReleaseSource
    {
        internal override string ArchiveName => name;

        internal override IEnumerable<(ArchiveEntry Entry, Func<Stream>? Open)> Entries()
        {
            using var reader = new TarReader(content, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.EntryType == TarEntryType.GlobalExtendedAttributes) continue; // such as the commit in an archive of git
                var kind = entry.EntryType switch
                {
                    TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile => ArchiveEntryKind.File,
                    TarEntryType.Directory or TarEntryType.DirectoryList => ArchiveEntryKind.Folder,
                    TarEntryType.SymbolicLink => ArchiveEntryKind.Link,
                    TarEntryType.HardLink => ArchiveEntryKind.HardLink,
                    _ => ArchiveEntryKind.Other,
                };
                yield return (new ArchiveEntry(entry.Name, kind, (int)entry.Mode, entry.Length, entry.LinkName),
                    kind == ArchiveEntryKind.File ? () => entry.DataStream ?? Stream.Null : null);
            }
        }

        public override void Dispose()
        {
            content.Dispose();
            base.Dispose();
        }
    }

    private sealed class ZipSource(string name, Stream content) : ReleaseSource
    {
        private const int KindMask = 0xF000, Regular = 0x8000, Folder = 0x4000, Link = 0xA000, MostTargetBytes = 4096;

        internal override string ArchiveName => name;

        internal override IEnumerable<(ArchiveEntry Entry, Func<Stream>? Open)> Entries()
        {
            using var archive = new ZipArchive(content, ZipArchiveMode.Read, leaveOpen: true);
            foreach (var entry in archive.Entries)
            {
                // The upper half is of a Unix file, if a program on Unix made the archive.
                var mode = (int)((uint)entry.ExternalAttributes >> 16);
                var kind = entry.FullName.EndsWith('/') ? ArchiveEntryKind.Folder : (mode & KindMask) switch
                {
                    0 or Regular => ArchiveEntryKind.File,
                    Folder => ArchiveEntryKind.Folder,
                    Link => ArchiveEntryKind.Link,
                    _ => ArchiveEntryKind.Other,
                };
                var target = kind == ArchiveEntryKind.Link ? ReadTarget(entry) : null;
                yield return (new ArchiveEntry(entry.FullName, kind, mode == 0 ? null : mode & 0xFFF, entry.Length, target),
                    kind == ArchiveEntryKind.File ? entry.Open : null);
            }
        }

        public override void Dispose()
        {
            content.Dispose();
            base.Dispose();
        }

        private static string ReadTarget(ZipArchiveEntry entry)
        {
            if (entry.Length > MostTargetBytes)
                throw new ArchiveException($"{TerminalText.Line(entry.FullName)} is a link of too long a target");
            using var reader = new StreamReader(entry.Open());
            return reader.ReadToEnd();
        }
    }
}
