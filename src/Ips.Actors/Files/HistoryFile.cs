using System.Text;
using System.Text.Json;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Files;

/// <summary>The file <c>&lt;pid-file&gt;.history</c>: the newest reloads and how they ended, one JSON object a line, newest last.</summary>
/// <remarks>It survives a stop and a crash. It decides nothing: it is read to be shown.</remarks>
[SupportedOSPlatform("linux")]
internal static class HistoryFile
{
    private const int Mode = 0b110_000_000; // 0600: as the control socket, which tells the same
    private const int MostBytes = 4 << 20;

    /// <summary>The path of the file.</summary>
    /// <param name="pidFile">The PID file.</param>
    public static string PathOf(string pidFile) => StatePaths.Of(pidFile, Suffix);

    /// <summary>The same for a command, which has not the environment of the service.</summary>
    /// <param name="pidFile">The PID file.</param>
    public static string Find(string pidFile) => StatePaths.Find(pidFile, Suffix);

    /// <summary>Where earlier builds keep it.</summary>
    /// <param name="pidFile">The PID file.</param>
    public static string PathBeside(string pidFile) => pidFile + Suffix;

    private const string Suffix = ".history";

    /// <summary>Reads the file. Lines that are not receipts are passed over.</summary>
    /// <param name="path">Its path. No link is followed that another user can have put there.</param>
    /// <returns>The receipts, newest last; null if there is no file.</returns>
    /// <exception cref="IOException">It may not be read, or is not a regular file; the message says why.</exception>
    public static IReadOnlyList<ReloadReceipt>? TryRead(string path) =>
        GuardedFile.Read(path, MostBytes) is { } content ? [.. Encoding.UTF8.GetString(content).Split('\n').Select(Parse)
            .OfType<ReloadReceipt>()] : null;

    /// <summary>The same for a generation. What is wrong with the file is logged: it must not cost the service.</summary>
    internal static IReadOnlyList<ReloadReceipt> TryRead(string path, ILogger log)
    {
        try
        {
            return TryRead(path) ?? [];
        }
        catch (IOException e)
        {
            log.HistoryUnreadable(path, e.Message);
            return [];
        }
    }

    /// <summary>Replaces the file as a whole. A full disk or a lost right is logged: it costs the history only.</summary>
    internal static void TryWrite(string path, IReadOnlyList<ReloadReceipt> receipts, ILogger log)
    {
        if (receipts.Count == 0) return;
        try
        {
            using var content = new MemoryStream();
            foreach (var receipt in receipts)
            {
                JsonSerializer.Serialize(content, receipt, ReceiptJson.Default.ReloadReceipt);
                content.WriteByte((byte)'\n');
            }

            AtomicFile.Write(path, content.GetBuffer().AsSpan(0, (int)content.Length), Mode);
        }
        catch (IOException e)
        {
            log.HistoryNotKept(path, e.Message);
        }
    }

    /// <summary>Adds a receipt to the file.</summary>
    internal static void TryAdd(string path, ReloadReceipt receipt, ILogger log)
    {
        var history = new ReloadHistory();
        foreach (var known in TryRead(path, log)) history.Remember(known);
        history.Remember(receipt);
        TryWrite(path, history.Receipts, log);
    }

    private static ReloadReceipt? Parse(string line)
    {
        try
        {
            return line.Length > 0 && JsonSerializer.Deserialize(line, ReceiptJson.Default.ReloadReceipt) is { } receipt
                && receipt.Missing() is null ? receipt : null;
        }
        catch (JsonException)
        {
            return null; // of another build, or not ours
        }
    }
}

internal static partial class HistoryLog
{
    [LoggerMessage(EventIds.HistoryNotKept, LogLevel.Warning, "{Path} could not be written, so the reload history is not kept: {Reason}")]
    public static partial void HistoryNotKept(this ILogger logger, string path, string reason);

    [LoggerMessage(EventIds.HistoryUnreadable, LogLevel.Warning, "{Path} could not be read, so the reload history starts empty: {Reason}")]
    public static partial void HistoryUnreadable(this ILogger logger, string path, string reason);
}
