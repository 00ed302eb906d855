namespace Ips.Actors.Diagnostics;

/// <summary>What the log's lines look like.</summary>
public sealed class LineFormatOptions
{
    /// <summary>The form of a line. Default <see cref="LineFormat.Line"/>.</summary>
    public LineFormat Format { get; set; } = LineFormat.Line;

    /// <summary>This process's generation. It is asked for each event, since a successor learns it only in the handshake; 0 means "not known yet".
    /// Default always 0.</summary>
    public Func<int> Generation { get; set; } = () => 0;

    /// <summary>The clock of the lines. Default the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}

/// <summary>How an event of the log is written. HOCON key <c>ips.log.format</c>.</summary>
public enum LineFormat
{
    /// <summary>For people: time, level, <c>gen=N</c>, <c>pid=N</c>, source, event id, message, exception.</summary>
    Line,

    /// <summary>For programs: one JSON object.</summary>
    Json,
}
