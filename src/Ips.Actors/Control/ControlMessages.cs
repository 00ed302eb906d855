using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ips.Actors.Control;

/// <summary>What travels over the control socket: one request, one JSON object a line, then events, one a line, until the daemon
/// closes.</summary>
/// <param name="Verb">One of <c>status</c>, <c>reload</c>, <c>check</c> (a reload that stops short of handing over), <c>reload-with</c>
/// (either, on terms of the operator's; a verb of its own, so that a daemon which does not know the terms answers an error),
/// <c>history</c>, <c>pause</c>,
/// <c>resume</c>, <c>stop</c>.</param>
internal sealed record ControlRequest(string Verb)
{
    /// <summary>With <c>reload</c> and <c>reload-with</c>: refuse it rather than let it wait for the reload that is under way.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NoQueue { get; init; }

    /// <summary>With <c>reload</c> and <c>reload-with</c>: names the request. One that the daemon knows already is joined, not begun a
    /// second time. Null for a new one.</summary>
    public string? Id { get; init; }

    /// <summary>With <c>reload</c> and <c>reload-with</c>: who asked first, in a request that was passed on; for the log.</summary>
    public string? AskedBy { get; init; }

    /// <summary>With <c>reload</c> and <c>reload-with</c>: milliseconds that the request has waited in earlier processes.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>It is a check; on <c>reload-with</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Check { get; init; }

    /// <summary>Facts in which the successor may differ, such as <c>store</c>; on <c>reload-with</c>.</summary>
    public IReadOnlyList<string>? Accept { get; init; }

    /// <summary>Health checks that do not count against the successor; on <c>reload-with</c>.</summary>
    public IReadOnlyList<string>? IgnoreChecks { get; init; }
}

/// <summary>One event of an answer. The last one of each answer has <see cref="Final"/> set.</summary>
/// <param name="Kind"><c>status</c>, <c>progress</c>, <c>receipt</c>, <c>passed-on</c>, <c>history</c>, <c>paused</c>, <c>resumed</c>,
/// <c>stopping</c> or <c>error</c>.</param>
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

    /// <summary>The outcome of a reload; on <c>receipt</c>.</summary>
    public ReloadReceipt? Receipt { get; init; }

    /// <summary>Past reloads, newest last; on <c>history</c>.</summary>
    public IReadOnlyList<ReloadReceipt>? History { get; init; }

    /// <summary>The reload that waits for the one under way; on <c>history</c>.</summary>
    public PendingReload? Pending { get; init; }

    /// <summary>What to ask the process that is the main one now; on <c>passed-on</c>. Asked twice it counts once.</summary>
    public ControlRequest? Ask { get; init; }
}

/// <summary>A reload that was asked for and waits for the one under way.</summary>
/// <param name="AskedBy">Who asked for it: a signal's name, or a verb with the PID of its process.</param>
/// <param name="AskedAt">When.</param>
/// <param name="WaitedMs">Milliseconds that it has waited so far.</param>
internal sealed record PendingReload(string AskedBy, DateTimeOffset AskedAt, double WaitedMs);

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

    /// <summary>The release that last became the main process, which <c>ips start --last-good</c> would start; null if none is
    /// kept.</summary>
    public LastGoodRelease? LastGood { get; init; }
}

/// <summary>How one reload ended.</summary>
/// <param name="Outcome"><c>promoted</c>, <c>refused</c> (no successor was started or it never got ready), <c>rolled-back</c> (it failed in
/// probation),
/// <c>checked</c> (it got ready in a dry run, and was ended), or <c>stopped</c> (the service was told to stop meanwhile).</param>
/// <param name="OldPid">The predecessor's process id.</param>
/// <param name="OldGeneration">The predecessor's generation.</param>
/// <param name="NewPid">The successor's process id; null if none was started.</param>
/// <param name="NewGeneration">The generation that the successor had or would have had.</param>
/// <param name="Reason">Why it was refused or rolled back; null when promoted.</param>
/// <param name="StartedAt">When the reload was asked for.</param>
/// <param name="ElapsedMs">Milliseconds from the request to the outcome.</param>
internal sealed record ReloadReceipt(
    string Outcome, int OldPid, int OldGeneration, int? NewPid, int NewGeneration, string? Reason, DateTimeOffset StartedAt,
        double ElapsedMs)
{
    /// <summary>The predecessor's release: the version of its entry assembly.</summary>
    public string? OldRelease { get; init; }

    /// <summary>The successor's release, once it has said hello.</summary>
    public string? NewRelease { get; init; }

    /// <summary>Milliseconds from the request to each phase that was reached: <c>spawned</c>, <c>hello</c>, <c>ready</c>, <c>serving</c>,
    /// <c>promoted</c>.</summary>
    public IReadOnlyDictionary<string, double>? PhasesMs { get; init; }

    /// <summary>What became of the connections that were open at the promotion.</summary>
    public ConnectionCounts? Connections { get; init; }

    /// <summary>The last lines (at most 50) that the successor wrote; only of one that failed, and only in the newest receipt.</summary>
    public IReadOnlyList<string>? Output { get; init; }

    /// <summary>Milliseconds that the request had waited for an earlier reload when it was begun, or dropped; null if it did not
    /// wait.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>Names the request, if it has waited: <see cref="ControlRequest.Id"/>.</summary>
    public string? RequestId { get; init; }

    /// <summary>It was a dry run: no connection was to be accepted.</summary>
    public bool DryRun { get; init; }

    /// <summary>Generations that still drained and were aborted to make room (<c>ips.reload.max-generations</c>).</summary>
    public IReadOnlyList<int>? AbortedGenerations { get; init; }

    /// <summary>How the predecessor's drain ended. It ends after the receipt was given, so only <c>ips history</c> and <c>ips status</c>
    /// show it.</summary>
    public DrainCounts? Drain { get; init; }
}

/// <summary>How a drain ended.</summary>
/// <param name="Connections">Connections that were open when it began and ended here, by themselves or politely.</param>
/// <param name="Requests">Requests that were answered in it.</param>
/// <param name="ClosedPolitely">Connections that were told of the close: <c>Connection: close</c> or GOAWAY.</param>
/// <param name="AbortedRequests">Requests that were cut at the deadline.</param>
/// <param name="ClosedIdle">Connections without a request that were closed at the deadline, untold.</param>
/// <param name="Moved">Connections that another generation has taken over alive.</param>
internal sealed record DrainCounts(int Connections, long Requests, int ClosedPolitely, int AbortedRequests, int ClosedIdle, int Moved = 0);

/// <summary>A release that came to serve for good: promoted, or the first generation of a start.</summary>
/// <param name="Release">The version of its entry assembly.</param>
/// <param name="FileName">The program, its symbolic links followed: it names this release for ever.</param>
/// <param name="Arguments">The arguments after argv[0]; an assembly among them by its path with links followed.</param>
/// <param name="WorkingDirectory">The working directory, its symbolic links followed.</param>
/// <param name="Command">The command as it was typed, from the program's absolute path on: a later reload follows its symbolic links
/// anew.</param>
/// <param name="CommandDirectory">The working directory as it was typed.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Since">When it came to serve for good.</param>
internal sealed record LastGoodRelease(
    string Release, string FileName, IReadOnlyList<string> Arguments, string WorkingDirectory,
    IReadOnlyList<string> Command, string CommandDirectory, int Generation, DateTimeOffset Since);

/// <summary>Open connections at a promotion, when those that could leave at once had left.</summary>
/// <param name="Moved">Live connections that the new generation has taken over.</param>
/// <param name="Busy">Connections that follow as soon as their current response is sent.</param>
/// <param name="Staying">Connections that cannot move and are closed politely, by reason.</param>
internal sealed record ConnectionCounts(int Moved, int Busy, IReadOnlyDictionary<string, int> Staying);

/// <summary>Source-generated JSON of the control socket: camelCase, nulls left out, unknown fields ignored.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlEvent))]
[JsonSerializable(typeof(LastGoodRelease))]
[JsonSerializable(typeof(IReadOnlyList<ReloadReceipt>))]
internal sealed partial class ControlJson : JsonSerializerContext;

/// <summary>What <see cref="ControlActor"/> is asked and answers.</summary>
internal static class ControlProtocol
{
    /// <summary>This generation is the main process: answer clients of the control socket.</summary>
    public sealed record Serve;

    /// <summary>A promoted successor answers from now on; clients that wait here still get their receipt.</summary>
    public sealed record HandedOver;

    /// <summary>The process ends: give every client its last line. Reply: <see cref="Closed"/>.</summary>
    public sealed record Close;

    /// <summary>No client is left.</summary>
    public sealed record Closed;
}

/// <summary>Refuses numbers beyond the range of a double, such as 1e999: read as infinity, they could not be written again as
/// JSON.</summary>
internal sealed class FiniteNumberConverter : JsonConverter<double>
{
    /// <inheritdoc/>
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw new JsonException("A number is no finite number.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
