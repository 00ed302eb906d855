using System.Globalization;

namespace Ips.Host.Cli.Commands;

/// <summary>A line on standard error that counts up; nothing if that is no terminal, so that logs stay clean.</summary>
internal sealed class ProgressLine(TextWriter output, bool isTerminal, string what, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly long _began = time.GetTimestamp();
    private long _shown;
    private int _width;

    /// <summary>Shows the count, a few times a second.</summary>
    public void Show(long count)
    {
        if (!isTerminal || (count & 0xff) != 0 || time.GetElapsedTime(_shown) < Interval) return;
        _shown = time.GetTimestamp();
        var seconds = time.GetElapsedTime(_began).TotalSeconds;
        var text = string.Create(CultureInfo.InvariantCulture, $"{what} {count:N0} objects, {count / Math.Max(seconds, 0.001):N0}/s");
        output.Write("\r" + text.PadRight(_width));
        _width = text.Length;
    }

    /// <summary>Removes the line.</summary>
    public void Clear()
    {
        if (_width > 0) output.Write("\r" + new string(' ', _width) + "\r");
        _width = 0;
    }

    /// <summary>Removes the line, also if the command has failed.</summary>
    public void Dispose() => Clear();
}
