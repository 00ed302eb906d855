namespace Ips.Actors.Diagnostics;

/// <summary>What the lines of the log look like.</summary>
public sealed class LineFormatOptions
{
    /// <summary>Gets or sets the form of a line.</summary>
    /// <value>Default <see cref="LineFormat.Line"/>.</value>
    public LineFormat Format { get; set; } = LineFormat.Line;

    /// <summary>Gets or sets the function that returns this process's generation. It is called for each event, because a successor learns
    /// its number only in the handover; 0 means "not known yet".</summary>
    /// <value>Default: always 0.</value>
    public Func<int> Generation { get; set; } = () => 0;

    /// <summary>Gets or sets the clock of the lines.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}

/// <summary>How a log event is written. HOCON key <c>ips.log.format</c>.</summary>
public enum LineFormat
{
    /// <summary>For people: time, level, <c>gen=N</c>, <c>pid=N</c>, source, event id, message, exception.</summary>
    Line,

    /// <summary>For programs: one JSON object.</summary>
    Json,
}
