using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Host.Cli.Deploy;

/// <summary>The folder with the link <c>current</c> and the releases, for the one command that has its lock.</summary>
/// <remarks>Nobody but root and this process's user can write to it, so what a path in it means does not change under this
/// process.</remarks>
internal sealed class ReleaseShelf : IDisposable
{
    /// <summary>What begins the names of folders that are not complete, and of those that are being removed.</summary>
    internal const string Incoming = ".incoming-", Removing = ".removing-";

    private const string LockName = ".deploy.lock";
    private const int MostBytes = 1 << 20, LockBytes = 256, ReadableByAll = 0b110_100_100; // 0644: the service reads what is pinned
    private const UnixFileMode ReleaseMode = (UnixFileMode)0b111_101_101; // 0755: the service may be another user's

    private readonly ReleaseLink _link;
    private readonly string _releases;
    private LockFile? _lock;

    private ReleaseShelf(ReleaseLink link, string releases) => (_link, _releases) = (link, releases);

    /// <summary>The folder, as its user knows it.</summary>
    internal string Folder => _link.Folder;

    /// <summary>The folder of the releases, links followed.</summary>
    internal string Releases => _releases;

    /// <summary>Finds it.</summary>
    /// <exception cref="CliException">It is not laid out so, or others could change it.</exception>
    internal static ReleaseShelf Open(string folder)
    {
        try
        {
            var real = FolderTree.Trusted(folder);
            var link = new ReleaseLink(real);
            if (FolderTree.StatusOf(link.Releases) is null)
                throw new CliException(CliExitCode.Failed, $"There is no folder {link.Releases}. {Layout(folder)}");
            if (FolderTree.StatusOf(link.Current) is not { IsLink: true })
                throw new CliException(CliExitCode.Failed, $"{link.Current} is no symbolic link. {Layout(folder)}");
            return new ReleaseShelf(link, FolderTree.Trusted(link.Releases));
        }
        catch (IOException e)
        {
            throw new CliException(CliExitCode.Failed, $"The releases in {folder} cannot be used: {e.Message}", e);
        }
    }

    private static string Layout(string folder) =>
        $"'ips deploy' needs {folder}/{ReleaseLink.CurrentName}, a link to a folder in {folder}/{ReleaseLink.ReleasesName}; "
        + "docs/deploying.md tells how to begin.";

    /// <summary>Keeps other commands off until this object is disposed of.</summary>
    /// <exception cref="CliException">Another one is at work.</exception>
    internal void Lock(DateTimeOffset now)
    {
        var path = Path.Combine(_releases, LockName);
        _lock = LockFile.TryAcquire(path);
        if (_lock is null)
        {
            var holder = TryReadLock(path);
            throw new CliException(CliExitCode.Failed,
                $"Another deploy or rollback is at work in {Folder}{(holder is null ? "" : $": {holder}")}. Nothing was changed; ask again "
                + "when it has ended.");
        }

        _lock.Protect(null);
        var text = string.Create(CultureInfo.InvariantCulture,
            $"PID {Environment.ProcessId} of {Environment.UserName}, since {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}");
        FileDescriptors.WriteAll(_lock.Fd, Encoding.UTF8.GetBytes(text.PadRight(LockBytes - 1)[..(LockBytes - 1)] + "\n"));
    }

    /// <summary>Removes what commands that were killed have left.</summary>
    /// <returns>The names.</returns>
    internal IReadOnlyList<string> Sweep()
    {
        List<string> swept = [.. LeftIn(_releases)];
        foreach (var name in swept) FolderTree.Remove(Path.Combine(_releases, name));
        return swept;
    }

    /// <summary>What a command that was killed has left in a folder of releases.</summary>
    internal static IEnumerable<string> LeftIn(string releases) =>
        Directory.EnumerateFileSystemEntries(releases).Select(path => Path.GetFileName(path)!)
            .Where(name => name.StartsWith(Incoming, StringComparison.Ordinal) || name.StartsWith(Removing, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    /// <summary>Whether a command has the lock.</summary>
    internal static bool IsLocked(string releases)
    {
        var path = Path.Combine(releases, LockName);
        if (!File.Exists(path)) return false;
        using var held = LockFile.TryAcquire(path);
        return held is null;
    }

    internal DeployJournal ReadJournal() =>
        DeployJournal.Decode(GuardedFile.ReadTrusted(Path.Combine(_releases, DeployJournal.FileName), MostBytes));

    internal void WriteJournal(DeployJournal journal)
    {
        var path = Path.Combine(_releases, DeployJournal.FileName);
        var temporary = Path.Combine(_releases, $"{Incoming}journal.{Environment.ProcessId}");
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(journal.Encode());
            File.SetUnixFileMode(file.SafeFileHandle, (UnixFileMode)ReadableByAll);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        FolderTree.Sync(_releases);
    }

    /// <summary>The release that <c>current</c> names; null if it names none.</summary>
    internal string? Current()
    {
        try
        {
            return ReleaseLink.NameIn(_releases, FileDescriptors.RealPath(_link.Current));
        }
        catch (IOException)
        {
            return null; // it leads nowhere
        }
    }

    /// <summary>Points <c>current</c> at a release.</summary>
    internal void Point(string name)
    {
        FolderTree.PointLink(_link.Current, $"{ReleaseLink.ReleasesName}/{name}",
            Path.Combine(_link.Folder, $".{ReleaseLink.CurrentName}.{ReleaseLink.ReleasesName}"));
        FolderTree.Sync(_link.Folder);
    }

    internal string PathOf(string name) => Path.Combine(_releases, name);

    internal bool Has(string name) => FolderTree.StatusOf(PathOf(name)) is not null;

    /// <summary>A path for what is to become a release.</summary>
    internal string NewStage(string name) =>
        Path.Combine(_releases, string.Create(CultureInfo.InvariantCulture, $"{Incoming}{name}.{Environment.ProcessId}"));

    /// <summary>Makes a complete folder a release.</summary>
    /// <exception cref="CliException">There is one of that name by now.</exception>
    internal void Take(string folder, string stage, string name)
    {
        File.SetUnixFileMode(folder, ReleaseMode);
        if (!FolderTree.TryMove(folder, PathOf(name)))
            throw new CliException(CliExitCode.Failed, $"There is something named {name} in {_releases} by now. Nothing was changed.");
        FolderTree.Sync(_releases);
        if (stage != folder) FolderTree.Remove(stage);
    }

    /// <summary>All releases.</summary>
    internal IReadOnlyList<ShelvedRelease> All() =>
    [
        .. Directory.EnumerateDirectories(_releases).Where(path => ReleaseName.Fault(Path.GetFileName(path)) is null)
            .Select(path => (Path: path, Status: FolderTree.StatusOf(path))).Where(found => found.Status is { IsFolder: true })
            .Select(found => new ShelvedRelease(Path.GetFileName(found.Path), found.Status!.Value.Identity.BornAtNs is > 0 and var born
                ? born : Directory.GetLastWriteTimeUtc(found.Path).Subtract(DateTime.UnixEpoch).Ticks * 100)),
    ];

    /// <summary>Removes a release: it loses its name before its files go.</summary>
    internal void Drop(string name)
    {
        var dropped = Path.Combine(_releases, string.Create(CultureInfo.InvariantCulture, $"{Removing}{name}.{Environment.ProcessId}"));
        if (!FolderTree.TryMove(PathOf(name), dropped)) return;
        FolderTree.Remove(dropped);
    }

    /// <summary>The version of a release, as its main assembly says.</summary>
    internal static string? VersionOf(string release, string program)
    {
        var assembly = ReleaseStage.AssemblyOf(Path.Combine(release, program));
        return File.Exists(assembly) ? FileVersionInfo.GetVersionInfo(assembly).ProductVersion : null;
    }

    public void Dispose() => _lock?.Dispose();

    private static string? TryReadLock(string path)
    {
        try
        {
            return GuardedFile.Read(path, LockBytes) is { } content ? Encoding.UTF8.GetString(content).Trim() : null;
        }
        catch (IOException)
        {
            return null; // of another user
        }
    }
}
