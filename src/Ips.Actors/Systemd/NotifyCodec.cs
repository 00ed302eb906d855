using System.Globalization;
using System.Text;
using Ips.Actors.Diagnostics;

namespace Ips.Actors.Systemd;

/// <summary>Writes a message as systemd reads it: assignments, each on a line of its own. Pure.</summary>
internal static class NotifyCodec
{
    // systemd reads at most 4096 bytes of a datagram, and a status is one line of a terminal.
    private const int MaxStatusLength = 300;

    /// <summary>The datagram, in UTF-8.</summary>
    public static byte[] Encode(NotifyMessage message)
    {
        var text = new StringBuilder();
        if (message.MainPid is { } pid) Add(text, "MAINPID", pid.ToString(CultureInfo.InvariantCulture));
        if (message.ReloadingAtUsec is { } at)
        {
            Add(text, "RELOADING", "1");
            Add(text, "MONOTONIC_USEC", at.ToString(CultureInfo.InvariantCulture));
        }

        if (message.Ready) Add(text, "READY", "1");
        if (message.Stopping) Add(text, "STOPPING", "1");
        if (message.Watchdog) Add(text, "WATCHDOG", "1");
        if (message.ExtendTimeout is { } time) Add(text, "EXTEND_TIMEOUT_USEC",
            ((long)time.TotalMicroseconds).ToString(CultureInfo.InvariantCulture));
        if (message.Status is { } status) Add(text, "STATUS", OneLine(status));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Add(StringBuilder text, string name, string value) => text.Append(name).Append('=').Append(value).Append('\n');

    // A reason may hold what a failed release wrote: a line end in it would begin an assignment of its own.
    private static string OneLine(string status)
    {
        var line = string.Concat(status.Select(c => TerminalText.Unclean.Contains(c) ? ' ' : c));
        return line.Length <= MaxStatusLength ? line : string.Concat(line.AsSpan(0, MaxStatusLength - 1), "…");
    }
}
