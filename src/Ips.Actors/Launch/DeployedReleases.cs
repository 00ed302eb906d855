using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Launch;

/// <summary>The releases beside the one that this process runs, if it was started by way of a link <c>current</c>.</summary>
/// <param name="command">How this process was started.</param>
/// <param name="entryFile">The file name of its entry assembly.</param>
/// <param name="ownFolder">The folder of that assembly, links followed.</param>
[SupportedOSPlatform("linux")]
internal sealed class DeployedReleases(StartCommand command, string entryFile, string ownFolder)
{
    private readonly ReleaseLink? _link = ReleaseLink.Of(command, entryFile);
    private PinnedRelease? _told;

    /// <summary>The state as of now; null if there is no such link.</summary>
    public Deployment? Look()
    {
        if (_link is null) return null;
        var current = NamedByCurrent();
        var pinned = DeployJournal.TryRead(_link.Releases).Pinned;
        return new Deployment(_link.Folder, ReleaseLink.ProgramOf(command, entryFile))
        {
            Serves = NameOf(ownFolder),
            Current = current,
            PinnedSince = pinned is not null && pinned.Name == current ? pinned.Since : null,
        };
    }

    /// <summary>Why a release cannot be started; null if it can be tried.</summary>
    /// <param name="name">Its name.</param>
    public string? Fault(string? name)
    {
        if (ReleaseName.Fault(name) is { } fault) return fault;
        if (_link is null)
            return $"this service was not started by way of a link '{ReleaseLink.CurrentName}', so its releases are not known";
        return new DirectoryInfo(_link.PathOf(name!)) is { Exists: true, LinkTarget: null } ? null
            : $"there is no folder {_link.PathOf(name!)}";
    }

    /// <summary>The folder of a release in which <see cref="Fault"/> found no fault.</summary>
    public string FolderOf(string name) => _link!.PathOf(name);

    /// <summary>Logs that a rollback has pinned the release in place, once for each pin.</summary>
    public void TellPin(ILogger log)
    {
        if (_link is null || DeployJournal.TryRead(_link.Releases).Pinned is not { } pinned || pinned == _told
            || pinned.Name != NamedByCurrent()) return;
        _told = pinned;
        log.Pinned(TerminalText.Line(pinned.Name), pinned.Since.UtcDateTime);
    }

    private string? NamedByCurrent() => NameOf(_link!.Current);

    private string? NameOf(string path)
    {
        try
        {
            return ReleaseLink.NameIn(FileDescriptors.RealPath(_link!.Releases), FileDescriptors.RealPath(path.TrimEnd('/')));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ReleaseLink.NameIn(_link!.Releases, path); // such as of a release that was removed while it runs
        }
    }
}

internal static partial class DeployLog
{
    [LoggerMessage(EventIds.Pinned, LogLevel.Information,
        "Pinned to {Name} by rollback since {Since:yyyy-MM-ddTHH:mm:ssZ}; the next 'ips deploy' ends that.")]
    public static partial void Pinned(this ILogger logger, string name, DateTime since);
}
