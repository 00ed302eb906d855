using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Diagnostics;

/// <summary>Writes one event as one line of UTF-8. Pure but for <see cref="Write"/>: the time, the process and the generation are
/// given.</summary>
/// <remarks>What an event says may come from a client, so control characters, line ends and Unicode's line separators are written as
/// escapes: nobody can forge a second line, or send a terminal a command.</remarks>
internal static class LineFormatWriter
{
    private static readonly JsonWriterOptions JsonOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true
    };

    /// <summary>One event in the form that is asked for, of this process and of now.</summary>
    internal static void Write(
        IBufferWriter<byte> output, LineFormatOptions options, LineStyle style, LogLevel level, string source, EventId id,
        string message, Exception? exception = null, IEnumerable<KeyValuePair<string, object?>>? state = null)
    {
        var e = new LineFormatEvent(options.Time.GetUtcNow(), level, options.Generation(), Environment.ProcessId, source, id, exception);
        if (options.Format == LineFormat.Json) WriteJson(output, e, message, state);
        else WriteLine(output, e, message, style);
    }

    /// <summary><c>2026-01-02T03:04:05.678Z INFO  gen=2 pid=77 Ips.Actors.Listener.ListenerActor 1203 message | exception</c></summary>
    internal static void WriteLine(IBufferWriter<byte> output, in LineFormatEvent e, string message, LineStyle style = LineStyle.Plain)
    {
        WriteTime(output, e.Time, style == LineStyle.Plain ? TimeForm : ShortTimeForm);
        output.Write(" "u8);
        if (style == LineStyle.Color) output.Write(Color(e.Level));
        output.Write(LevelWord(e.Level));
        if (style == LineStyle.Color) output.Write(NoColor);
        output.Write(" gen="u8);
        WriteNumber(output, e.Generation);
        output.Write(" pid="u8);
        WriteNumber(output, e.Pid);
        output.Write(" "u8);
        WriteClean(output, e.Source);
        output.Write(" "u8);
        WriteNumber(output, e.Id.Id);
        output.Write(" "u8);
        WriteClean(output, message);
        if (e.Exception is not null)
        {
            output.Write(" | "u8);
            WriteClean(output, e.Exception.ToString());
        }
        output.Write("\n"u8);
    }

    /// <summary>One JSON object: time, level, generation, pid, source, eventId, eventName, message, state, exception.</summary>
    internal static void WriteJson(IBufferWriter<byte> output, in LineFormatEvent e, string message,
        IEnumerable<KeyValuePair<string, object?>>? state)
    {
        using (var json = new Utf8JsonWriter(output, JsonOptions))
        {
            json.WriteStartObject();
            Span<byte> time = stackalloc byte[24];
            e.Time.UtcDateTime.TryFormat(time, out var length, TimeForm, CultureInfo.InvariantCulture);
            json.WriteString("time"u8, time[..length]);
            json.WriteString("level"u8, JsonLevel(e.Level));
            json.WriteNumber("generation"u8, e.Generation);
            json.WriteNumber("pid"u8, e.Pid);
            WriteText(json, "source", e.Source);
            json.WriteNumber("eventId"u8, e.Id.Id);
            if (e.Id.Name is not null) WriteText(json, "eventName", e.Id.Name);
            WriteText(json, "message", message);
            if (state is not null) WriteState(json, state);
            if (e.Exception is not null) WriteText(json, "exception", e.Exception.ToString());
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    // The log's encoder escapes control characters and line separators, but not what turns the direction of text around: text that has any
    // is written in ASCII.
    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value.AsSpan().IndexOfAny(TerminalText.Turning) < 0) json.WriteString(name, value);
        else json.WriteString(name, JsonEncodedText.Encode(value!, JavaScriptEncoder.Default));
    }

    private const string TimeForm = "yyyy-MM-ddTHH:mm:ss.fffZ", ShortTimeForm = "HH:mm:ss.fff";

    private static void WriteTime(IBufferWriter<byte> output, DateTimeOffset time, string form)
    {
        time.UtcDateTime.TryFormat(output.GetSpan(24), out var length, form, CultureInfo.InvariantCulture);
        output.Advance(length);
    }

    private static void WriteNumber(IBufferWriter<byte> output, int number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(11), out var length);
        output.Advance(length);
    }

    private static void WriteClean(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        while (true)
        {
            var bad = text.IndexOfAny(TerminalText.Unclean);
            Encoding.UTF8.GetBytes(bad < 0 ? text : text[..bad], output); // a lone surrogate becomes U+FFFD
            if (bad < 0) return;
            var c = text[bad];
            switch (c)
            {
                case '\n': output.Write("\\n"u8); break;
                case '\r': output.Write("\\r"u8); break;
                case '\t': output.Write("\\t"u8); break;
                default:
                    var span = output.GetSpan(6);
                    "\\u"u8.CopyTo(span);
                    for (var i = 0; i < 4; i++) span[2 + i] = "0123456789abcdef"u8[(c >> (12 - (4 * i))) & 0xF];
                    output.Advance(6);
                    break;
            }
            text = text[(bad + 1)..];
        }
    }

    private static void WriteState(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> state)
    {
        var any = false;
        foreach (var (name, value) in state)
        {
            if (name == "{OriginalFormat}") continue;
            if (!any) json.WriteStartObject("state"u8);
            any = true;
            switch (value)
            {
                case null: json.WriteNull(name); break;
                case bool flag: json.WriteBoolean(name, flag); break;
                case int number: json.WriteNumber(name, number); break;
                case long number: json.WriteNumber(name, number); break;
                case Quantity quantity: json.WriteNumber(name, quantity.Value); break;
                case double number when double.IsFinite(number): json.WriteNumber(name, number); break;
                case decimal number: json.WriteNumber(name, number); break;
                case DateTimeOffset time: json.WriteString(name, time); break;
                default: WriteText(json, name, Convert.ToString(value, CultureInfo.InvariantCulture)); break;
            }
        }
        if (any) json.WriteEndObject();
    }

    private static ReadOnlySpan<byte> LevelWord(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE"u8,
        LogLevel.Debug => "DEBUG"u8,
        LogLevel.Information => "INFO "u8,
        LogLevel.Warning => "WARN "u8,
        LogLevel.Error => "ERROR"u8,
        _ => "CRIT "u8,
    };

    // Those of the 16 colours that are readable on a dark and on a light background.
    private static ReadOnlySpan<byte> Color(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "\u001b[90m"u8, // grey
        LogLevel.Information => "\u001b[32m"u8, // green
        LogLevel.Warning => "\u001b[33m"u8, // yellow
        LogLevel.Error => "\u001b[31m"u8, // red
        _ => "\u001b[1;31m"u8, // bold red
    };

    private static ReadOnlySpan<byte> NoColor => "\u001b[0m"u8;

    private static ReadOnlySpan<byte> JsonLevel(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace"u8,
        LogLevel.Debug => "debug"u8,
        LogLevel.Information => "information"u8,
        LogLevel.Warning => "warning"u8,
        LogLevel.Error => "error"u8,
        _ => "critical"u8,
    };
}

/// <summary>What every event has, whatever its form.</summary>
internal readonly record struct LineFormatEvent(
    DateTimeOffset Time, LogLevel Level, int Generation, int Pid, string Source, EventId Id, Exception? Exception);
