using System.Buffers;
using System.Text;
using System.Text.Json;
using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Diagnostics;

public sealed class LineFormatWriterTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 5, 4, 5, 678, TimeSpan.FromHours(2));

    [Fact]
    public void WriteLine_Event_IsTheGoldenLine() =>
        Assert.Equal("2026-01-02T03:04:05.678Z INFO  gen=2 pid=77 Ips.Actors.Lifecycle.LifecycleActor 1203 Serving -> AwaitingReady\n",
            Line(Event(), "Serving -> AwaitingReady"));

    [Theory]
    [InlineData(LogLevel.Trace, "TRACE")]
    [InlineData(LogLevel.Debug, "DEBUG")]
    [InlineData(LogLevel.Information, "INFO ")]
    [InlineData(LogLevel.Warning, "WARN ")]
    [InlineData(LogLevel.Error, "ERROR")]
    [InlineData(LogLevel.Critical, "CRIT ")]
    public void WriteLine_Levels_AreOneWidth(LogLevel level, string word) =>
        Assert.Equal($"2026-01-02T03:04:05.678Z {word} gen=2 pid=77 Ips.Actors.Lifecycle.LifecycleActor 1203 m\n",
            Line(Event() with { Level = level }, "m"));

    [Theory]
    [InlineData(LogLevel.Trace, "\u001b[90mTRACE\u001b[0m")]
    [InlineData(LogLevel.Debug, "\u001b[90mDEBUG\u001b[0m")]
    [InlineData(LogLevel.Information, "\u001b[32mINFO \u001b[0m")]
    [InlineData(LogLevel.Warning, "\u001b[33mWARN \u001b[0m")]
    [InlineData(LogLevel.Error, "\u001b[31mERROR\u001b[0m")]
    [InlineData(LogLevel.Critical, "\u001b[1;31mCRIT \u001b[0m")]
    public void WriteLine_InColor_HasAShortTimeAndOneColoredWord(LogLevel level, string word) =>
        Assert.Equal($"03:04:05.678 {word} gen=2 pid=77 Ips.Actors.Lifecycle.LifecycleActor 1203 m\\u001b[0m\n",
            Line(Event() with { Level = level }, "m\u001b[0m", LineStyle.Color));

    [Fact]
    public void WriteLine_WithAShortTime_HasNoColor() =>
        Assert.Equal("03:04:05.678 INFO  gen=2 pid=77 Ips.Actors.Lifecycle.LifecycleActor 1203 m\n",
            Line(Event(), "m", LineStyle.ShortTime));

    [Theory]
    [InlineData(null, "xterm-256color", true)]
    [InlineData("", "xterm", true)]
    [InlineData(null, null, true)]
    [InlineData("1", "xterm", false)]
    [InlineData("0", "xterm", false)] // any value, see https://no-color.org
    [InlineData(null, "dumb", false)]
    public void StyleOfTerminal_ByVariables_HasColorUnlessOneForbidsIt(string? noColor, string? term, bool colored) =>
        Assert.Equal(colored ? LineStyle.Color : LineStyle.ShortTime, LineStyles.OfTerminal(noColor, term));

    [Fact]
    public void WriteLine_Exception_StaysOnTheLine() =>
        Assert.Equal("2026-01-02T03:04:05.678Z INFO  gen=2 pid=77 Ips.Actors.Lifecycle.LifecycleActor 1203 m | "
            + "System.InvalidOperationException: a\\nb\\r\\n ---> "
            + "System.IO.IOException: c\\n   --- End of inner exception stack trace ---\n",
            Line(Event() with { Exception = new InvalidOperationException("a\nb\r", new IOException("c")) }, "m"));

    [Fact]
    public void WriteLine_WhatAClientSent_CannotForgeALineOrCommandATerminal() =>
        Assert.Equal("2026-01-02T03:04:05.678Z INFO  gen=2 pid=77 /user/x\\ny 1203 GET /\\r\\n2026 "
            + "CRIT\\t\\u001b[2J\\u0000\\u007f\\u0085\\u009b\\u2028\\u202e end é😀\uFFFD\n",
            Line(Event() with { Source = "/user/x\ny" }, "GET /\r\n2026 CRIT\t\u001b[2J\0\u007f\u0085\u009b\u2028\u202e end é😀\ud83d"));

    [Fact]
    public void WriteLine_LongMessage_IsWhole()
    {
        var message = string.Concat(Enumerable.Repeat("0123456789\n", 20_000));
        Assert.EndsWith($" 1203 {message.Replace("\n", "\\n", StringComparison.Ordinal)}\n", Line(Event(), message),
            StringComparison.Ordinal);
    }

    [Fact]
    public void WriteJson_Event_IsTheGoldenLine() =>
        Assert.Equal(
            """{"time":"2026-01-02T03:04:05.678Z","level":"warning","generation":2,"pid":77"""
                + ""","source":"Ips.Actors.Lifecycle.LifecycleActor","eventId":1203"""
                + ""","eventName":"StateChanged","message":"3 \"left\"","state":{"Open":3,"Sockets":1,"Ratio":0.5,"Done":false"""
                + ""","Name":"é","None":null"""
                + ""","At":"2026-01-02T05:04:05.678+02:00","Wait":"00:00:01"},"exception":"System.IO.IOException: a\nb"}""" + "\n",
            Json(Event() with { Level = LogLevel.Warning, Exception = new IOException("a\nb") }, "3 \"left\"",
            [
                new("Open", 3), new("Sockets", (Quantity)1), new("Ratio", 0.5), new("Done", false), new("Name", "é"), new("None", null),
                new("At", Time), new("Wait", TimeSpan.FromSeconds(1)),
                new("{OriginalFormat}", "{Open} left"),
            ]));

    [Fact, Trait("issue", "11")]
    public void WriteJson_TextThatTurnsAround_IsEscapedAndReadsTheSame()
    {
        const string text = "é\u202eab\u2066\u061c";
        var line = Json(Event() with { Source = text, Id = new(5, text), Exception = new IOException(text) }, text, [new("Name", text)]);
        Assert.DoesNotContain(line, TerminalText.Turning.Contains);
        var root = JsonDocument.Parse(line).RootElement;
        Assert.All(["source", "eventName", "message"], name => Assert.Equal(text, root.GetProperty(name).GetString()));
        Assert.Equal(text, root.GetProperty("state").GetProperty("Name").GetString());
        Assert.EndsWith(text, root.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WriteJson_NothingToAdd_LeavesTheFieldsOut() =>
        Assert.Equal(
            """{"time":"2026-01-02T03:04:05.678Z","level":"information","generation":2,"pid":77"""
                + ""","source":"Ips.Actors.Lifecycle.LifecycleActor","eventId":5,"message":"m"}""" + "\n",
            Json(Event() with { Id = new(5) }, "m", [new("{OriginalFormat}", "m")]));

    [Fact]
    public void WriteJson_ControlCharacters_ComeBackFromOneLine()
    {
        const string message = "a\nb\r\u001b[2J\u0085\u2028\u009b\0é😀";
        var line = Json(Event(), message, [new("Nan", double.NaN), new("Text", "x\ny")]);

        Assert.Equal(line.Length - 1, line.AsSpan().IndexOfAnyInRange('\0', '\u001f')); // the newline at its end alone
        Assert.Equal(-1, line.AsSpan().IndexOfAny("\u0085\u2028\u009b\u007f"));
        using var json = JsonDocument.Parse(line);
        Assert.Equal(message, json.RootElement.GetProperty("message").GetString());
        Assert.Equal("NaN", json.RootElement.GetProperty("state").GetProperty("Nan").GetString());
    }

    private static LineFormatEvent Event() => new(Time, LogLevel.Information, 2, 77, "Ips.Actors.Lifecycle.LifecycleActor",
        new EventId(1203, "StateChanged"), null);

    private static string Line(LineFormatEvent e, string message, LineStyle style = LineStyle.Plain)
    {
        var output = new ArrayBufferWriter<byte>();
        LineFormatWriter.WriteLine(output, e, message, style);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Json(LineFormatEvent e, string message, IEnumerable<KeyValuePair<string, object?>> state)
    {
        var output = new ArrayBufferWriter<byte>();
        LineFormatWriter.WriteJson(output, e, message, state);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
