namespace Ips.Actors.Diagnostics;

/// <summary>How a log event is written. HOCON key <c>ips.log.format</c>.</summary>
public enum LineFormat
{
    /// <summary>For people: time, level, <c>gen=N</c>, <c>pid=N</c>, source, event id, message, exception.</summary>
    Line,

    /// <summary>For programs: one JSON object.</summary>
    Json,
}
