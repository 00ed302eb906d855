using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Lifecycle;

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

    /// <summary>The shares of the connections, in percent, that the successor was to serve before its promotion, step by step; null if it
    /// was no canary (<c>ips.reload.canary</c>).</summary>
    public IReadOnlyList<int>? Canary { get; init; }

    /// <summary>Why it was no canary; null if it was one, or that is switched off.</summary>
    public string? NoCanary { get; init; }

    /// <summary>The last lines (at most 50) that the successor wrote; only of one that failed, and only in the newest receipt.</summary>
    public IReadOnlyList<string>? Output { get; init; }

    /// <summary>Milliseconds that the request had waited for an earlier reload when it was begun, or dropped; null if it did not
    /// wait.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>Names the request, if it has waited or was a <c>reload-once</c>: <see cref="ReloadRequest.Id"/>.</summary>
    public string? RequestId { get; init; }

    /// <summary>Why the service reloaded by itself; null if somebody asked for it.</summary>
    public string? Cause { get; init; }

    /// <summary>What asked for it: <c>signal</c>, <c>control</c>, <c>takeover</c> or <c>self</c>; null in the receipt of an older
    /// build.</summary>
    public string? Trigger { get; init; }

    /// <summary>The name of the release that <c>ips deploy</c> or <c>ips rollback</c> asked for; null for the release in place.</summary>
    public string? Deployed { get; init; }

    /// <summary>It was a dry run: no connection was to be accepted.</summary>
    public bool DryRun { get; init; }

    /// <summary>Generations that still drained and were aborted to make room (<c>ips.reload.max-generations</c>).</summary>
    public IReadOnlyList<int>? AbortedGenerations { get; init; }

    /// <summary>What went wrong without failing the reload, one sentence or two each, with the remedy; null for nothing.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>How the successor compared with the predecessor at the same time; null if they were not compared.</summary>
    public Judgement? Judgement { get; init; }

    /// <summary>How the predecessor's drain ended. It ends after the receipt was given, so only <c>ips history</c> and <c>ips status</c>
    /// show it.</summary>
    public DrainCounts? Drain { get; init; }

    /// <summary>How it ended; null if this build does not know such an outcome.</summary>
    [JsonIgnore]
    public ReloadOutcome? Ended => WireName.Parse<ReloadOutcome>(Outcome);

    /// <summary>How far a reload came that has failed, as a name of few values; null if it has not failed.</summary>
    public string? ErrorType() => Ended is not (ReloadOutcome.Refused or ReloadOutcome.RolledBack or ReloadOutcome.Stopped) ? null
        : Ended is ReloadOutcome.Stopped ? "stopped"
        : NewPid is null ? "not_started"
        : PhasesMs is not { } reached || !reached.ContainsKey("hello") ? "no_hello"
        : !reached.ContainsKey("ready") ? "not_ready"
        : !reached.ContainsKey("serving") ? "not_serving" : "failed_in_probation";

    /// <summary>What it lacks that a receipt read from elsewhere must have: the serializer fills in null. Null if nothing.</summary>
    public string? Missing() => this switch
    {
        { Outcome: null } => "a receipt's outcome",
        { Connections.Staying: null } => "a receipt's list of connections that stay",
        { Judgement: { } judgement } when judgement.Missing() is { } missing => missing,
        { Output: { } output } when output.Contains(null!) => "a line of a receipt's output",
        { Warnings: { } warnings } when warnings.Contains(null!) => "a receipt's warning",
        _ => null,
    };
}

/// <summary>How a drain ended.</summary>
/// <param name="Connections">Connections that were open when it began and ended here, by themselves or politely.</param>
/// <param name="Requests">Requests that were answered in it.</param>
/// <param name="ClosedPolitely">Connections whose client was notified of the close: <c>Connection: close</c> or GOAWAY.</param>
/// <param name="AbortedRequests">Requests that were cut at the deadline.</param>
/// <param name="ClosedIdle">Connections without a request that were closed at the deadline, untold.</param>
/// <param name="Moved">Connections that another generation has taken over alive.</param>
internal sealed record DrainCounts(int Connections, long Requests, int ClosedPolitely, int AbortedRequests, int ClosedIdle, int Moved = 0)
{
    /// <summary>Why the connections that were closed politely did not move, with the number of each; null if it is not known.</summary>
    public IReadOnlyDictionary<string, int>? ClosedPolitelyBy { get; init; }
}

/// <summary>Open connections at a promotion, when those that could leave at once had left.</summary>
/// <param name="Moved">Live connections that the new generation has taken over.</param>
/// <param name="Busy">Connections that follow as soon as their current response is sent.</param>
/// <param name="Staying">Connections that cannot move and are closed politely, by reason.</param>
internal sealed record ConnectionCounts(int Moved, int Busy, IReadOnlyDictionary<string, int> Staying);

/// <summary>A release that became the main process: promoted, or the first generation of a start.</summary>
/// <param name="Release">The version of its entry assembly.</param>
/// <param name="FileName">The program, its symbolic links followed: it names this release for ever.</param>
/// <param name="Arguments">The arguments after argv[0]; an assembly among them by its path with links followed.</param>
/// <param name="WorkingDirectory">The working directory, its symbolic links followed.</param>
/// <param name="Command">The command as it was typed, from the program's absolute path on: a later reload follows its symbolic links
/// anew.</param>
/// <param name="CommandDirectory">The working directory as it was typed.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Since">When it became the main process.</param>
internal sealed record LastGoodRelease(
    string Release, string FileName, IReadOnlyList<string> Arguments, string WorkingDirectory,
    IReadOnlyList<string> Command, string CommandDirectory, int Generation, DateTimeOffset Since)
{
    /// <summary>The one before it, without its own predecessor; null if none is known.</summary>
    public LastGoodRelease? Previous { get; init; }
}

/// <summary>Source-generated JSON of what is kept: camelCase, nulls left out, unknown fields ignored.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(LastGoodRelease))]
[JsonSerializable(typeof(ReloadReceipt))]
internal sealed partial class ReceiptJson : JsonSerializerContext;

/// <summary>Refuses numbers beyond the range of a double, such as 1e999: read as infinity, they could not be written again as
/// JSON.</summary>
internal sealed class FiniteNumberConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw new JsonException("A number is no finite number.");

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
