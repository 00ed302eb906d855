using Ips.Actors.Posix;

namespace Ips.Actors.Diagnostics;

/// <summary>Standard output for what an app writes beside the log, such as an access log.</summary>
[SupportedOSPlatform("linux")]
internal static class LogOutput
{
    /// <summary>Opens a stream to whatever descriptor 1 leads to at the time of each write: it follows SIGUSR1 (a log file opened again)
    /// and the promotion of a successor. <see cref="Console.OpenStandardOutput()"/> does not, because it keeps a duplicate.</summary>
    /// <returns>A stream whose <c>Write</c> returns when all bytes are written. Disposing it closes nothing.</returns>
    public static Stream Open() => StandardStreams.OpenOutput();
}
