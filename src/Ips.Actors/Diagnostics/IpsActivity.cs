using System.Diagnostics;

namespace Ips.Actors.Diagnostics;

/// <summary>Spans of the <see cref="ActivitySource"/> named <c>Ips</c>. While nobody listens to it none is made.</summary>
internal static class IpsActivity
{
    /// <summary>The name that an app adds to its tracing.</summary>
    public const string SourceName = "Ips";

    private static readonly ActivitySource s_source = new(
        SourceName, typeof(IpsActivity).Assembly.GetName().Version?.ToString(3) ?? "");

    /// <summary>Begins a span, or makes one that began earlier. It never becomes the current one: an actor's thread runs other code
    /// next.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parent">Its parent; the default for a new trace.</param>
    /// <param name="startedAt">When it began.</param>
    /// <returns>Null if nobody listens.</returns>
    public static Activity? Start(string name, ActivityContext parent, DateTimeOffset startedAt)
    {
        if (!s_source.HasListeners()) return null;
        var current = Activity.Current;
        Activity.Current = null; // a default parent would mean this one
        try
        {
            return s_source.StartActivity(name, ActivityKind.Internal, parent, tags: null, links: null, startedAt);
        }
        finally
        {
            Activity.Current = current;
        }
    }

    /// <summary>Ends a span.</summary>
    /// <param name="span">The span.</param>
    /// <param name="endedAt">When.</param>
    /// <param name="error">Why it failed; null if it did not.</param>
    public static void End(Activity? span, DateTimeOffset endedAt, string? error = null)
    {
        if (span is null) return;
        if (error is not null) span.SetStatus(ActivityStatusCode.Error, error);
        span.SetEndTime(endedAt.UtcDateTime);
        var current = Activity.Current;
        span.Stop();
        Activity.Current = current;
    }

    /// <summary>Makes a span that is over already.</summary>
    public static void Emit(string name, ActivityContext parent, DateTimeOffset startedAt, DateTimeOffset endedAt, string? error = null) =>
        End(Start(name, parent, startedAt), endedAt, error);

    /// <summary>The parent that a <c>traceparent</c> names (W3C Trace Context); the default if it names none.</summary>
    public static ActivityContext Parse(string? traceParent) =>
        ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out var context) ? context : default;
}
