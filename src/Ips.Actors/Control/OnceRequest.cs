using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Control;

/// <summary>What a <c>reload-once</c> asks for.</summary>
[SupportedOSPlatform("linux")]
internal static class OnceRequest
{
    /// <summary>The most characters of an id.</summary>
    public const int MaxIdLength = 128;

    /// <summary>Why an id cannot name a request; null if it can.</summary>
    public static string? IdFault(string? id) => id switch
    {
        null or "" => "reload-once needs an id",
        { Length: > MaxIdLength } => $"the id has {id.Length} characters; at most {MaxIdLength} are possible",
        _ when !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+' or ':' or '/' or '@') =>
            $"the id '{TerminalText.Line(id)}' may have only letters, digits and . _ - + : / @ in it",
        _ => null,
    };

    /// <summary>The request to the lifecycle. What is wrong with it now is decided only after its id was looked for: of what has begun or
    /// ended, the answer stays the same.</summary>
    /// <param name="request">What the client asks, with an id that has no fault.</param>
    /// <param name="releases">The releases beside the one that runs; null if they are not known.</param>
    /// <param name="version">The version of that one.</param>
    /// <param name="client">The client's process.</param>
    /// <param name="replyTo">Who waits for the receipt.</param>
    public static LifecycleProtocol.Reload ToReload(
        ControlRequest request, DeployedReleases? releases, string version, int client, IActorRef replyTo)
    {
        var name = request.Release;
        var absent = name is null ? null : releases is null ? "this service does not know its releases" : releases.Fault(name);
        return new($"reload-once {request.Id}{(name is null ? "" : $" to {name}")} (PID {client})", CheckFirst: name is null, replyTo)
        {
            Once = new(Instead(name, request.Expects, releases?.Look()?.Serves, version, absent)),
            Request = new ReloadRequest
            {
                Id = request.Id,
                NoQueue = true, // as a deploy: a newer request would answer it
                Release = name,
                Folder = name is null || absent is not null ? null : releases!.FolderOf(name),
                TraceParent = request.TraceParent,
            },
        };
    }

    /// <summary>What is answered, rather than that a reload begins, if the id is not known.</summary>
    /// <param name="release">The release to start; null for the one in place.</param>
    /// <param name="expects">The release that must serve now; null for any.</param>
    /// <param name="servesName">The name of the release that serves; null if it has none.</param>
    /// <param name="servesVersion">Its version.</param>
    /// <param name="absent">Why the release to start cannot be started; null if it can be tried.</param>
    /// <returns>Null to begin it.</returns>
    public static LifecycleProtocol.NotBegun? Instead(
        string? release, string? expects, string? servesName, string servesVersion, string? absent)
    {
        var serves = servesName ?? servesVersion;
        // First, whatever is expected: it may be this very request that brought it, and a crash that lost the receipt.
        if (release is not null && release == servesName)
            return new("serving", $"release {release} serves already; nothing was started");
        if (expects is not null && expects != serves)
        {
            return new("error", $"{TerminalText.Line(expects)} was expected to serve, and {TerminalText.Line(serves)} serves; "
                + "nothing was started");
        }

        return absent is null ? null : new("error", absent);
    }
}
