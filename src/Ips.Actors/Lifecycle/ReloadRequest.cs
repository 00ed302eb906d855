using System.Text.Json.Serialization;

namespace Ips.Actors.Lifecycle;

/// <summary>A reload as it was asked for. All of it is kept while the request waits, here and on its way to the next main
/// process.</summary>
internal record ReloadRequest
{
    /// <summary>Refuse it rather than let it wait for the reload that is under way.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NoQueue { get; init; }

    /// <summary>Names the request. One that the daemon knows already is joined, not begun a second time. Null for a new one.</summary>
    public string? Id { get; init; }

    /// <summary>Who asked first, in a request that was passed on; for the log.</summary>
    public string? AskedBy { get; init; }

    /// <summary>What asked first, in a request that was passed on: the name of a <see cref="ReloadTrigger"/>.</summary>
    public string? Trigger { get; init; }

    /// <summary>The caller's span, for the trace of the reload (W3C Trace Context); null for none.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Milliseconds that the request has waited in earlier processes.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>The name of the release to start instead of the one in place; on <c>deploy</c> and <c>rollback</c>,
    /// with terms or without.</summary>
    public string? Release { get; init; }

    /// <summary>The folder of the release to start instead of the one in place. A client names it on <c>check-release</c> alone; else the
    /// service finds it by <see cref="Release"/>.</summary>
    public string? Folder { get; init; }

    /// <summary>It is a check.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Check { get; init; }

    /// <summary>Facts in which the successor may differ, such as <c>store</c>.</summary>
    public IReadOnlyList<string>? Accept { get; init; }

    /// <summary>Health checks that do not count against the successor.</summary>
    public IReadOnlyList<string>? IgnoreChecks { get; init; }
}

/// <summary>A reload that was asked for and waits for the one under way.</summary>
/// <param name="AskedBy">Who asked for it: a signal's name, or a verb with the PID of its process.</param>
/// <param name="AskedAt">When.</param>
/// <param name="WaitedMs">Milliseconds that it has waited so far.</param>
internal sealed record PendingReload(string AskedBy, DateTimeOffset AskedAt, double WaitedMs);
