using System.Text;
using Ips.Actors.Files;

namespace Ips.Host.Cli;

/// <summary>The last lines that were appended to a log file from a moment on.</summary>
internal static class LogTail
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads them.</summary>
    /// <param name="file">The log file.</param>
    /// <param name="from">Its length at that moment, in bytes. A file that is shorter now was replaced, and is read from its start.</param>
    /// <param name="lines">How many lines at most.</param>
    internal static IReadOnlyList<string> Read(string file, long from, int lines)
    {
        using var stream = new FileStream(ServiceFiles.OpenToRead(file), FileAccess.Read);
        var start = Math.Max(stream.Length < from ? 0 : from, stream.Length - MaxBytes);
        stream.Seek(start, SeekOrigin.Begin);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines)];
    }
}
