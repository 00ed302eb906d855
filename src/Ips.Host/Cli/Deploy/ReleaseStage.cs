using System.Runtime.InteropServices;
using Ips.Actors.Posix;
using Microsoft.Win32.SafeHandles;

namespace Ips.Host.Cli.Deploy;

/// <summary>Puts the files of a new release into a folder of mode 0700, which becomes the release when all of it is on the disk.</summary>
/// <param name="folder">The folder; its parent is nobody else's to write to.</param>
internal sealed class ReleaseStage(string folder)
{
    private const int BufferBytes = 1 << 17;
    private const int FolderMode = 0b111_101_101; // 0755
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Dictionary<string, int> _folders = [];
    private string? _top;

    /// <summary>How many files it has.</summary>
    internal int Files { get; private set; }

    /// <summary>How many bytes they have.</summary>
    internal long Bytes { get; private set; }

    /// <summary>A file that only its owner may read; null if there is none.</summary>
    internal string? Unreadable { get; private set; }

    /// <summary>The folder that becomes the release: this one, or the one that everything is in.</summary>
    internal string Root => _top is null ? folder : Path.Combine(folder, _top);

    /// <summary>Copies or unpacks all of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="program">The program's path in a release.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ArchiveException">An entry must not be taken.</exception>
    /// <exception cref="IOException">The disk is full, or a file cannot be read.</exception>
    internal void Fill(ReleaseSource source, string program, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        var map = new ArchiveEntryMap();
        var buffer = new byte[BufferBytes];
        foreach (var (entry, open) in source.Entries())
        {
            cancellation.ThrowIfCancellationRequested();
            if (map.Next(entry) is not { } step) continue;
            var path = Path.Combine(folder, step.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            switch (step.Kind)
            {
                case ArchiveEntryKind.Folder:
                    Directory.CreateDirectory(path);
                    _folders[path] = step.Mode;
                    break;
                case ArchiveEntryKind.Link: File.CreateSymbolicLink(path, step.Target!); break;
                case ArchiveEntryKind.HardLink:
                    var former = Path.Combine(folder, step.Target!);
                    using (var content = File.OpenRead(former))
                        Write(path, (int)File.GetUnixFileMode(former), content, map, buffer, cancellation);
                    break;
                default:
                    using (var content = open!()) Write(path, step.Mode, content, map, buffer, cancellation);
                    break;
            }
        }

        if (source.ArchiveName is not null && map.OneFolder(program) is { } top) _top = top;
        // An archive that was made where files have no modes does not say what a program is.
        if (source.ArchiveName is not null && Path.Combine(Root, program) is var made && IsProgram(made))
            File.SetUnixFileMode(made, File.GetUnixFileMode(made) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute
                | UnixFileMode.OtherExecute);
    }

    /// <summary>Gives the folders their modes, and waits until everything is on the disk.</summary>
    internal void Seal()
    {
        var all = new EnumerationOptions
        {
            RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false,
        };
        foreach (var inner in Directory.EnumerateDirectories(Root, "*", all))
        {
            // Whatever the umask is: the service may be another user's.
            File.SetUnixFileMode(inner, (UnixFileMode)_folders.GetValueOrDefault(inner, FolderMode));
            FolderTree.Sync(inner);
        }

        FolderTree.Sync(Root);
    }

    private void Write(string path, int mode, Stream content, ArchiveEntryMap map, byte[] buffer, CancellationToken cancellation)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = (UnixFileMode)mode,
        });
        var size = content is FileStream { Length: > 0 } whole && TryClone(whole.SafeFileHandle, file.SafeFileHandle) ? whole.Length : 0;
        map.Count(size);
        for (int read; size == 0 && (read = content.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            map.Count(read);
            file.Write(buffer, 0, read);
        }

        if (size == 0) size = file.Length;
        File.SetUnixFileMode(file.SafeFileHandle, (UnixFileMode)mode); // whatever the umask is
        file.Flush(flushToDisk: true);
        if ((mode & 0b000_000_100) == 0) Unreadable ??= path;
        (Files, Bytes) = (Files + 1, Bytes + size);
    }

    private static bool TryClone(SafeFileHandle from, SafeFileHandle to) =>
        FolderTree.TryClone((int)from.DangerousGetHandle(), (int)to.DangerousGetHandle());

    private static bool IsProgram(string path)
    {
        if (FolderTree.StatusOf(path) is not { IsRegular: true, IsExecutable: false }) return false;
        using var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic[0] == 0x7F && magic[1..].SequenceEqual("ELF"u8);
    }

    /// <summary>The main assembly of a program.</summary>
    internal static string AssemblyOf(string program) => program.EndsWith(".dll", StringComparison.Ordinal) ? program : program + ".dll";

    /// <summary>What is wrong with the program of a release; null if nothing is.</summary>
    /// <param name="release">The release's folder.</param>
    /// <param name="program">The program's path in it.</param>
    internal static string? ProgramFault(string release, string program)
    {
        var path = Path.Combine(release, program);
        if (!File.Exists(path))
            return $"it has no {program}, which the service is started by: is it a build of this service, published (dotnet publish)?";
        var isAssembly = program.EndsWith(".dll", StringComparison.Ordinal);
        if (!isAssembly && FileStatus.Of(Libc.AT_FDCWD, path, 0, path) is { IsExecutable: false })
            return $"its {program} is not executable (chmod +x)";
        Span<byte> header = stackalloc byte[ProgramFileParser.HeaderBytes];
        foreach (var file in new[] { path, AssemblyOf(path) }.Distinct().Where(File.Exists))
        {
            using var content = File.OpenRead(file);
            var length = content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (ProgramFileParser.Fault(header[..length], RuntimeInformation.ProcessArchitecture) is { } fault)
                return $"its {Path.GetFileName(file)} {fault}";
        }

        return null;
    }
}
