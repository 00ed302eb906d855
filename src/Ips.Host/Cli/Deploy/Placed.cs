using Ips.Actors.Lifecycle;

namespace Ips.Host.Cli.Deploy;

/// <summary>What came of putting a release in place.</summary>
/// <param name="Name">The release.</param>
/// <param name="Receipt">The receipt of its reload; null if it served already.</param>
internal sealed record Placed(string Name, ReloadReceipt? Receipt)
{
    /// <summary>It serves, and <c>current</c> names it.</summary>
    public bool Is { get; init; }

    /// <summary>The receipt of a reload that had to follow.</summary>
    public ReloadReceipt? Followed { get; init; }

    /// <summary>The exit code of the command.</summary>
    public int ExitCode => Receipt is null ? CliExitCode.Ok
        : ClientActions.CodeOf(Receipt) is var code && code == CliExitCode.Ok && !Is ? CliExitCode.ReloadRefused : code;
}

/// <summary>Start a release that is on the shelf, once, and put it in place once it is promoted.</summary>
/// <param name="Target">Which daemon.</param>
/// <param name="Id">Names the request: see <c>reload-once</c>.</param>
/// <param name="Name">The release.</param>
/// <param name="Rollback">It is one that served before, and is pinned.</param>
/// <param name="Expects">The release that must serve now; null for any.</param>
/// <param name="Into">The folder with <c>current</c> and <c>releases/</c>; null for the one that the daemon was started from.</param>
internal sealed record PlaceOnceCommand(
    DaemonTarget Target, string Id, string Name, bool Rollback, string? Expects, string? Into)
    : PlacingCommand(Target, Into, Json: true, Timeout: null);
