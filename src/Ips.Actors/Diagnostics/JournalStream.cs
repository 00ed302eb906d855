using System.Globalization;
using Ips.Actors.Posix;

namespace Ips.Actors.Diagnostics;

/// <summary>Whether stderr leads to the journal: systemd names the stream in JOURNAL_STREAM, by device and inode, see
/// systemd.exec(5).</summary>
[SupportedOSPlatform("linux")]
internal static class JournalStream
{
    internal const string Variable = "JOURNAL_STREAM";

    private static readonly Lazy<bool> Inherited = new(() =>
        Environment.GetEnvironmentVariable(Variable) is { } stream && FileDescriptors.IsOpen(StandardStreams.FinalError)
        && Names(stream, FileIdentity.OfDescriptor(StandardStreams.FinalError)));

    /// <summary>Whether what is written to stderr ends up in the journal, now or (of a successor) by way of its predecessor.</summary>
    public static bool IsError => !StandardStreams.Redirected && Inherited.Value;

    /// <summary>Whether the variable's value names this file.</summary>
    internal static bool Names(string stream, FileIdentity file)
    {
        var (major, minor) = (file.Device >> 32, file.Device & uint.MaxValue);
        // st_dev as the C library puts it together, see makedev(3).
        var device = (major & 0xfff) << 8 | (major & ~0xfffUL) << 32 | (minor & 0xff) | (minor & ~0xffUL) << 12;
        return stream == string.Create(CultureInfo.InvariantCulture, $"{device}:{file.Inode}");
    }
}
