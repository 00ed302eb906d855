using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ips.Actors.Handover;

/// <summary>One packet between predecessor and successor. docs/handover.md gives the exchange and golden packets.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(HelloFrame), "hello")]
[JsonDerivedType(typeof(WelcomeFrame), "welcome")]
[JsonDerivedType(typeof(RefusedFrame), "refused")]
[JsonDerivedType(typeof(ReadyFrame), "ready")]
[JsonDerivedType(typeof(ServeFrame), "serve")]
[JsonDerivedType(typeof(HealthFrame), "health")]
[JsonDerivedType(typeof(HistoryFrame), "history")]
[JsonDerivedType(typeof(IdentityFrame), "identity")]
[JsonDerivedType(typeof(PromoteFrame), "promote")]
[JsonDerivedType(typeof(PromotedFrame), "promoted")]
[JsonDerivedType(typeof(ConnectionsFrame), "connections")]
[JsonDerivedType(typeof(UpgradedFrame), "upgraded")]
[JsonDerivedType(typeof(AdoptedFrame), "adopted")]
[JsonDerivedType(typeof(DeclinedFrame), "declined")]
[JsonDerivedType(typeof(LeavingFrame), "leaving")]
[JsonDerivedType(typeof(LeftFrame), "left")]
[JsonDerivedType(typeof(StopFrame), "stop")]
[JsonDerivedType(typeof(FailedFrame), "failed")]
[JsonDerivedType(typeof(DrainingFrame), "draining")]
[JsonDerivedType(typeof(FarewellFrame), "farewell")]
[JsonDerivedType(typeof(WindowFrame), "window")]
internal abstract record HandoverFrame;

/// <summary>Successor's first word. Its shape never changes, in any version.</summary>
/// <param name="Min">Lowest protocol version that it speaks.</param>
/// <param name="Max">Highest protocol version that it speaks.</param>
/// <param name="Pid">Its process id.</param>
/// <param name="Release">Version of its entry assembly.</param>
internal sealed record HelloFrame(int Min, int Max, int Pid, string Release) : HandoverFrame;

/// <summary>Predecessor's answer. File descriptors ride along: one per endpoint, in order, then the lock if <paramref name="Lock"/>,
/// then the control socket if <paramref name="Control"/>.</summary>
/// <param name="Version">The protocol version from here on; <see cref="HandoverVersion.AheadOfHello"/> in the one that is sent
/// ahead.</param>
/// <param name="Generation">The successor's generation.</param>
/// <param name="Endpoints">What each listening socket was opened for.</param>
/// <param name="Lock">The PID lock's descriptor is in the packet.</param>
/// <param name="Control">The control socket's descriptor is in the packet.</param>
/// <param name="HealthIntervalMs">Milliseconds between two health reports that the predecessor expects.</param>
/// <param name="Generations">Every generation that is alive, the predecessor included, oldest first.</param>
/// <param name="Paused">An operator has paused the service: readiness fails in the successor too.</param>
/// <param name="LockFile">Which file the PID lock is, for a successor that gets the lock only with <c>identity</c>: it must be the one
/// beside its own PID file. From version 2 on.</param>
/// <param name="Facts">What the predecessor's app tells the successor's, by name. A build that does not know the field opens and checks
/// what it would without it.</param>
/// <param name="Judges">The predecessor judges by the names of failing checks; left out by one that does not, and then the successor judges
/// itself.</param>
/// <param name="Excused">Health checks that the successor need not wait for: they fail in the predecessor too, or the operator ignores
/// them. A build that does not know the field waits for no check.</param>
/// <param name="TraceParent">The span of this reload, for the successor's own (W3C Trace Context); left out if nobody traces. A build that
/// does not know the field traces nothing.</param>
/// <param name="PidFile">The PID file of the service, which a successor that names none keeps; empty if the service has none. Left out by
/// older builds.</param>
/// <param name="Tunnels">On a rollback it takes tunnels back: WebSockets that come with the connection to their backend. From version 4
/// on.</param>
internal sealed record WelcomeFrame(
    int Version, int Generation, IReadOnlyList<EndpointOffer> Endpoints, bool Lock, bool Control, long HealthIntervalMs,
    IReadOnlyList<GenerationEntry>? Generations = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Paused = false,
    FileEntry? LockFile = null,
    IReadOnlyDictionary<string, string>? Facts = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Judges = false,
    IReadOnlyList<string>? Excused = null,
    string? PidFile = null,
    string? TraceParent = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Tunnels = false) : HandoverFrame;

/// <summary>A file, by the numbers that tell it from every other one. See statx(2).</summary>
/// <param name="Device">The file system.</param>
/// <param name="Inode">The file.</param>
/// <param name="BornAtNs">When it was made, in ns since 1970; 0 on a file system that does not keep it.</param>
internal sealed record FileEntry(ulong Device, ulong Inode, long BornAtNs);

/// <summary>A listening socket as Kestrel asked for it.</summary>
/// <param name="Endpoint">The address asked for, such as <c>127.0.0.1:0</c> or <c>unix:/run/app.sock</c>.</param>
/// <param name="Ordinal">Counts equal addresses from 0.</param>
/// <param name="External">The service manager opened the socket and listens on: whoever ends last leaves its Unix path in place.</param>
internal sealed record EndpointOffer(
    string Endpoint, int Ordinal, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool External = false);

/// <summary>A generation that is alive.</summary>
/// <param name="Generation">Its number, from 1.</param>
/// <param name="Pid">Its process id.</param>
/// <param name="StartedAt">When it started, in clock ticks since boot: together with the PID it identifies one process uniquely, as
/// PIDs are reused.</param>
internal sealed record GenerationEntry(int Generation, int Pid, long StartedAt);

/// <summary>Predecessor will not hand over; it serves on.</summary>
internal sealed record RefusedFrame(string Reason) : HandoverFrame;

/// <summary>Successor can serve.</summary>
/// <param name="Endpoints">Where it takes moved connections: the endpoints that it serves without TLS. Null: nowhere.</param>
/// <param name="HealthUrl">The health check of its probation as it is configured (<c>ips.reload.health-url</c>), empty for none. Left out
/// by older builds: then
/// the predecessor's own counts.</param>
/// <param name="Failing">Health checks that fail, by name, with the reason; only to a predecessor that judges.</param>
/// <param name="Accepts">Where it takes connections that nobody has read from, those with TLS too: it can be a canary. Left out by older
/// builds, which cannot.</param>
/// <param name="KeptState">What the app keeps of its clients in its process, so that it should not be a canary; null for nothing.</param>
/// <param name="Tunnels">It takes tunnels: WebSockets that come with the connection to their backend. From version 4 on.</param>
internal sealed record ReadyFrame(
    IReadOnlyList<EndpointOffer>? Endpoints = null, string? HealthUrl = null, IReadOnlyDictionary<string, string>? Failing = null,
    IReadOnlyList<EndpointOffer>? Accepts = null, string? KeptState = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Tunnels = false)
        : HandoverFrame;

/// <summary>The successor accepts from now on; the predecessor stops accepting at its first <c>health</c>.</summary>
/// <param name="Canary">It does not accept: the predecessor passes connections on to it, until the promotion. Only to one that has said
/// <c>accepts</c>.</param>
/// <param name="Windows">Asks for <c>window</c> frames; left out by a predecessor that does not compare.</param>
internal sealed record ServeFrame(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Canary = false, WindowTerms? Windows = null)
        : HandoverFrame;

/// <summary>What the predecessor's drain waits for, each second. From version 3 on.</summary>
/// <param name="LeftMs">Milliseconds to its deadline.</param>
/// <param name="Waiting">The connections that are open, by kind.</param>
internal sealed record DrainingFrame(long LeftMs, IReadOnlyList<WaitingConnections> Waiting) : HandoverFrame;

/// <summary>Connections of one kind that a drain waits for.</summary>
/// <param name="Kind">Why they are still there: <c>http1</c>, <c>http2</c>, <c>tls</c>, <c>upgraded</c> (WebSockets), or the name of
/// another reason why a connection does not move.</param>
/// <param name="Count">How many.</param>
/// <param name="Busy">How many of them have a request that runs.</param>
/// <param name="OldestMs">Milliseconds since the oldest of them came to that generation.</param>
internal sealed record WaitingConnections(string Kind, int Count, int Busy, long OldestMs);

/// <summary>Successor's report each health interval while on probation.</summary>
/// <param name="Ok">Its health checks pass.</param>
/// <param name="Requests">Requests answered since it serves.</param>
/// <param name="Errors">How many of them with a 5xx status.</param>
/// <param name="Reason">Which health checks do not pass.</param>
/// <param name="Failing">The same by name, with the reason of each; null if something else than a check fails.</param>
/// <param name="Load">What it is doing, to be shown; left out by older builds.</param>
internal sealed record HealthFrame(
    bool Ok, long Requests, long Errors, string? Reason = null, IReadOnlyDictionary<string, string>? Failing = null,
    LoadReport? Load = null) : HandoverFrame;

/// <summary>What a generation is doing.</summary>
/// <param name="Connections">Connections that are open.</param>
/// <param name="RunningRequests">Requests that run.</param>
/// <param name="P50Ms">Median of the time of a request since the report before, in milliseconds; null if there was none.</param>
/// <param name="P99Ms">The same of the slowest hundredth.</param>
internal sealed record LoadReport(int Connections, int RunningRequests, double? P50Ms = null, double? P99Ms = null);

/// <summary>Receipts of past reloads, ahead of <c>promote</c>, and of the present one after <c>promoted</c>. A receipt that the successor
/// has already is replaced.</summary>
/// <param name="Receipts">At most 8, oldest first, without output; objects as the control socket has them. Read one by one: what another
/// build writes differently costs its receipt, never the handover.</param>
internal sealed record HistoryFrame(IReadOnlyList<JsonElement> Receipts) : HandoverFrame;

/// <summary>The service's identity, ahead of <c>promote</c>, for a successor that the predecessor has not started: such a process gets it
/// only when it is to be the main process. Its descriptors ride along in this order. From version 2 on.</summary>
/// <param name="Lock">The PID lock's descriptor is in the packet.</param>
/// <param name="Control">The control socket's descriptor is in the packet.</param>
internal sealed record IdentityFrame(bool Lock, bool Control) : HandoverFrame;

/// <summary>The successor is the main process from now on, and its stdout and stderr are its own.</summary>
/// <param name="Output">The beginning of a line of its stdout that the predecessor has read and not written; left out if empty.</param>
/// <param name="Error">The same of its stderr.</param>
/// <param name="Counts">Counts of the service's life so far, by name. A build that does not know the field counts from 0.</param>
internal sealed record PromoteFrame(byte[]? Output = null, byte[]? Error = null, IReadOnlyDictionary<string, long>? Counts = null)
    : HandoverFrame;

/// <summary>The successor has published itself as the main process.</summary>
internal sealed record PromotedFrame : HandoverFrame;

/// <summary>Live connections; their descriptors ride along, in order. To the successor after its promotion, back on a rollback.</summary>
/// <param name="Connections">The connections.</param>
/// <param name="SentAtNs">When they were sent, by the machine's monotonic clock, in ns (CLOCK_MONOTONIC): to measure how long they were on
/// their way. Left out by older builds.</param>
internal sealed record ConnectionsFrame(IReadOnlyList<ConnectionOffer> Connections, long? SentAtNs = null) : HandoverFrame, ICarries
{
    int ICarries.Count => Connections.Count;
}

/// <summary>Upgraded connections (WebSockets), with two descriptors for each, in order: its socket, and a sealed memfd with its
/// <see cref="UpgradeParcel"/>; a tunnel has a third one, the backend's socket. To the successor after its promotion, back on a rollback.
/// From version 4 on.</summary>
/// <param name="Connections">The connections.</param>
/// <param name="SentAtNs">As in <c>connections</c>.</param>
internal sealed record UpgradedFrame(IReadOnlyList<UpgradedOffer> Connections, long? SentAtNs = null) : HandoverFrame, ICarries
{
    /// <summary>How many descriptors ride along.</summary>
    [JsonIgnore]
    public int Descriptors => Connections.Sum(connection => UpgradedOffer.DescriptorsOf(connection is { Tunnel: true }));

    int ICarries.Count => Connections.Count;
}

/// <summary>A packet with connections.</summary>
internal interface ICarries
{
    /// <summary>How many.</summary>
    int Count { get; }

    /// <summary>When they were sent.</summary>
    long? SentAtNs { get; }
}

/// <summary>One upgraded connection that moves.</summary>
/// <param name="Endpoint">The address that its listening socket was asked for.</param>
/// <param name="Ordinal">Counts equal addresses from 0.</param>
/// <param name="Tunnel">The connection to its backend comes too. Only to one that says <c>tunnels</c>.</param>
internal sealed record UpgradedOffer(
    string Endpoint, int Ordinal, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Tunnel = false)
{
    /// <summary>Descriptors of one.</summary>
    public static int DescriptorsOf(bool tunnel) => tunnel ? 3 : 2;
}

/// <summary>One connection that moves.</summary>
/// <param name="Endpoint">The address that its listening socket was asked for.</param>
/// <param name="Ordinal">Counts equal addresses from 0.</param>
/// <param name="Leftover">Bytes of its next request that were received already, at most 16 KiB; in base64.</param>
internal sealed record ConnectionOffer(string Endpoint, int Ordinal, byte[]? Leftover = null);

/// <summary>So many connections, in the order sent, have arrived: the sender may close its copies.</summary>
internal sealed record AdoptedFrame(int Count) : HandoverFrame;

/// <summary>The connections of a packet came without their descriptors, as the receiver has no room for them: the sender keeps
/// them.</summary>
/// <param name="Packet">Which of the <c>connections</c> and <c>upgraded</c> packets, counted from 1.</param>
internal sealed record DeclinedFrame(int Packet) : HandoverFrame;

/// <summary>From a promoted successor that drains itself: send no connection any more, and say <c>left</c>.</summary>
/// <param name="Finish">True: connections that are busy may follow first, as what comes moves on to the next generation. Left out, or not
/// understood: only those that have left already.</param>
internal sealed record LeavingFrame(bool? Finish = null) : HandoverFrame;

/// <summary>The answer to <c>leaving</c>: every connection that was sent is ahead of this packet, and none follows.</summary>
internal sealed record LeftFrame : HandoverFrame;

/// <summary>The receiver is to end.</summary>
/// <param name="Reason">Why, for its log.</param>
/// <param name="DeadlineMs">Milliseconds its running requests get.</param>
/// <param name="Return">The sender serves on: give the live connections back.</param>
internal sealed record StopFrame(string Reason, long DeadlineMs, bool Return = false) : HandoverFrame;

/// <summary>Successor gives up before its promotion.</summary>
internal sealed record FailedFrame(string Reason) : HandoverFrame;

/// <summary>Predecessor's last word after its drain.</summary>
/// <param name="Drained">Connections that ended by themselves.</param>
/// <param name="Aborted">Requests that were cut.</param>
/// <param name="Requests">Requests that were answered in the drain.</param>
/// <param name="ClosedPolitely">Connections that were told of the close.</param>
/// <param name="ClosedIdle">Connections without a request that were closed at the deadline, untold.</param>
/// <param name="Moved">Connections that the successor has taken over.</param>
/// <param name="ClosedPolitelyBy">Why the connections that were closed gracefully did not move, with the number of each. Left out by older
/// builds.</param>
internal sealed record FarewellFrame(
    int Drained, int Aborted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Requests = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int ClosedPolitely = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int ClosedIdle = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Moved = 0,
    IReadOnlyDictionary<string, int>? ClosedPolitelyBy = null) : HandoverFrame;
