using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Control;

/// <summary>What travels over the control socket: one request, one JSON object a line, then events, one a line, until the daemon
/// closes.</summary>
internal sealed record ControlRequest : ReloadRequest
{
    /// <param name="verb">What is asked for, as on the wire.</param>
    [JsonConstructor]
    public ControlRequest(string verb) => Verb = verb;

    /// <param name="verb">What is asked for.</param>
    public ControlRequest(ControlVerb verb)
        : this(WireName.Of(verb))
    {
    }

    private ControlRequest(ControlVerb verb, ReloadRequest reload)
        : base(reload) => Verb = WireName.Of(verb);

    /// <summary>Milliseconds between two snapshots; on <c>watch</c>. From 100 to 60,000; default 1,000.</summary>
    public double? IntervalMs { get; init; }

    /// <summary>Run the app's health checks for each snapshot; on <c>watch</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Health { get; init; }

    /// <summary>The release that must serve now, or nothing is started; on <c>reload-once</c>. The name of its folder in <c>releases/</c>
    /// where the service runs from there, else its version.</summary>
    public string? Expects { get; init; }

    /// <summary>The <see cref="WireName"/> of a <see cref="ControlVerb"/>, or that of another build's.</summary>
    [JsonPropertyOrder(-1)]
    public string Verb { get; }

    /// <summary>The request for a reload, as another process is asked for it.</summary>
    public static ControlRequest For(ReloadRequest reload) =>
        new(reload switch
        {
            { Release: not null, Accept: null, IgnoreChecks: null } => ControlVerb.Deploy,
            { Release: not null } => ControlVerb.DeployWith,
            { Folder: not null } => ControlVerb.CheckRelease,
            { Check: false, Accept: null, IgnoreChecks: null } => ControlVerb.Reload,
            _ => ControlVerb.ReloadWith,
        }, reload);
}

/// <summary>One event of an answer. The last one of each answer has <see cref="Final"/> set.</summary>
/// <param name="Kind"><c>status</c>, <c>progress</c>, <c>receipt</c>, <c>passed-on</c>, <c>history</c>, <c>watch</c>, <c>moved</c>,
/// <c>serving</c> (the release that <c>reload-once</c> names serves already), <c>paused</c>, <c>resumed</c>, <c>stopping</c> or
/// <c>error</c>.</param>
internal sealed record ControlEvent(string Kind)
{
    /// <summary>Nothing follows this event.</summary>
    public bool Final { get; init; }

    /// <summary>One line for a person: the progress made, or what went wrong.</summary>
    public string? Message { get; init; }

    /// <summary>Milliseconds, by the daemon's own limits, within which the answer's end comes (on <c>progress</c>) or the process ends (on
    /// <c>stopping</c>). A client waits that long and a margin; null leaves the limit to the client.</summary>
    public double? WithinMs { get; init; }

    /// <summary>The state of the daemon; on <c>status</c>.</summary>
    public DaemonStatus? Status { get; init; }

    /// <summary>The service as of now; on <c>watch</c>.</summary>
    public WatchSnapshot? Watch { get; init; }

    /// <summary>The outcome of a reload; on <c>receipt</c>.</summary>
    public ReloadReceipt? Receipt { get; init; }

    /// <summary>Past reloads, newest last; on <c>history</c>.</summary>
    public IReadOnlyList<ReloadReceipt>? History { get; init; }

    /// <summary>The reload that waits for the one under way; on <c>history</c>.</summary>
    public PendingReload? Pending { get; init; }

    /// <summary>What to ask the process that is the main one now; on <c>passed-on</c>. Asked twice it counts once.</summary>
    public ControlRequest? Ask { get; init; }
}

/// <summary>A running generation as <c>ips status</c> shows it.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="Generation">Its generation, from 1.</param>
/// <param name="State"><c>Starting</c>, <c>Serving</c>, <c>Reloading</c>, <c>Checking</c>, <c>RollingBack</c>, or the name of another
/// lifecycle state.</param>
/// <param name="Release">The version of the app's entry assembly.</param>
/// <param name="StartedAt">When the process started.</param>
/// <param name="Endpoints">The addresses it listens on, as URLs.</param>
/// <param name="OpenConnections">Connections open now.</param>
/// <param name="RunningRequests">Requests being answered now.</param>
internal sealed record DaemonStatus(
    int Pid, int Generation, string State, string Release, DateTimeOffset StartedAt,
    IReadOnlyList<string> Endpoints, int OpenConnections, int RunningRequests)
{
    /// <summary>The outcome of the newest reload; null before the first.</summary>
    public ReloadReceipt? LastReload { get; init; }

    /// <summary>An operator has paused it: readiness fails, accepting goes on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Paused { get; init; }

    /// <summary>How the .NET runtime on disk differs from the one that this process runs on; null if it does not, or if the app brings its
    /// own.</summary>
    public string? RuntimeChange { get; init; }

    /// <summary>The socket on which another process can take over; null if none can.</summary>
    public string? TakeoverSocket { get; init; }

    /// <summary>The PID of the successor while a reload runs.</summary>
    public int? SuccessorPid { get; init; }

    /// <summary>Where the successor stands while a reload runs: <c>starting</c>, <c>ready</c>, <c>on probation</c>, <c>being promoted</c>
    /// or <c>ending</c>.</summary>
    public string? SuccessorState { get; init; }

    /// <summary>What a reload waits for, for a person; null while none is under way.</summary>
    public string? Phase { get; init; }

    /// <summary>The reload that waits for the one under way; null if none does.</summary>
    public PendingReload? Pending { get; init; }

    /// <summary>The releases beside the one that serves; null if the service was not started by way of a link <c>current</c>.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>The release that last became the main process, which <c>ips start --last-good</c> would start; null if none is
    /// kept.</summary>
    public LastGoodRelease? LastGood { get; init; }
}

/// <summary>Source-generated JSON of the control socket: camelCase, nulls left out, unknown fields ignored.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlEvent))]
[JsonSerializable(typeof(WatchSnapshot))]
[JsonSerializable(typeof(IReadOnlyList<ReloadReceipt>))]
internal sealed partial class ControlJson : JsonSerializerContext;
