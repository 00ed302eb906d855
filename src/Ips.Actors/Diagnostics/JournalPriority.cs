using Microsoft.Extensions.Logging;

namespace Ips.Actors.Diagnostics;

/// <summary>The prefix of a line by which the journal knows its priority: <c>&lt;6&gt;</c>. See sd-daemon(3). Pure.</summary>
internal static class JournalPriority
{
    /// <summary>The prefix for a level.</summary>
    public static ReadOnlySpan<byte> Prefix(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "<7>"u8,
        LogLevel.Information => "<6>"u8,
        LogLevel.Warning => "<4>"u8,
        LogLevel.Error => "<3>"u8,
        _ => "<2>"u8,
    };

    /// <summary>The line without a prefix.</summary>
    public static ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> line) =>
        line is [(byte)'<', >= (byte)'0' and <= (byte)'7', (byte)'>', ..] ? line[3..] : line;
}
