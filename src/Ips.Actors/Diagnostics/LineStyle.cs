namespace Ips.Actors.Diagnostics;

/// <summary>What a line of the log has for the eye. It concerns <see cref="LineFormat.Line"/> alone.</summary>
internal enum LineStyle
{
    /// <summary>Nothing: it goes to a file, a pipe or the journal.</summary>
    Plain,

    /// <summary>The time of day instead of the date and time.</summary>
    ShortTime,

    /// <summary>The same, and a colour for the level.</summary>
    Color,
}

/// <summary>Chooses a style. Pure.</summary>
internal static class LineStyles
{
    /// <summary>The style of lines that a terminal shows.</summary>
    /// <param name="noColor">The environment variable <c>NO_COLOR</c>, see https://no-color.org.</param>
    /// <param name="term">The environment variable <c>TERM</c>.</param>
    public static LineStyle OfTerminal(string? noColor, string? term) =>
        string.IsNullOrEmpty(noColor) && term != "dumb" ? LineStyle.Color : LineStyle.ShortTime;
}
