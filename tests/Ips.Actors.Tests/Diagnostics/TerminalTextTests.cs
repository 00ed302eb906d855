using Ips.Actors.Diagnostics;

namespace Ips.Actors.Tests.Diagnostics;

[Trait("issue", "11")]
public sealed class TerminalTextTests
{
    private const string Hostile = "a\u001b[2J\u009b\u007f\u0000\b\r\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069z";
    private const string Shown = @"a\u001b[2J\u009b\u007f\u0000\u0008\r\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069z";

    [Fact]
    public void Line_WhatCommandsATerminal_IsShownAsEscapes() => Assert.Equal($@"{Shown}\n\tend", TerminalText.Line($"{Hostile}\n\tend"));

    [Fact]
    public void Lines_LineEndsAndTabs_Stay() => Assert.Equal($"{Shown}\n\tend", TerminalText.Lines($"{Hostile}\n\tend"));

    [Theory]
    [InlineData("")]
    [InlineData("release 1.2.3+abc")]
    [InlineData("naïve 日本語 \\u001b")]
    public void Line_CleanText_IsTheSame(string text)
    {
        Assert.Same(text, TerminalText.Lines(text));
        Assert.Same(text, TerminalText.Line(text));
    }

    [Fact]
    public void Line_HalfACharacter_IsShown()
    {
        Assert.Equal(@"\ud83d", TerminalText.Line("\ud83d"));
        Assert.Equal(@"\ude00\ud83d", TerminalText.Line("\ude00\ud83d"));
        Assert.Equal("\\ud83d😀", TerminalText.Line("\ud83d\ud83d\ude00"));
    }

    [Fact]
    public void Line_EachCharacter_LeavesNoneThatIsUnclean()
    {
        for (var c = 0; c <= char.MaxValue; c++)
        {
            var line = TerminalText.Line(((char)c).ToString());
            Assert.DoesNotContain(line, one => char.IsControl(one) || char.IsSurrogate(one) || TerminalText.Unclean.Contains(one));
            Assert.Equal(line, TerminalText.Line(line));
        }
    }

    [Fact]
    public async Task Writer_EachWayToWrite_Cleans()
    {
        using var inner = new StringWriter { NewLine = "\n" };
        var writer = TerminalText.Writer(inner);
        Assert.Same(writer, TerminalText.Writer(writer));
        writer.Write('\u001b');
        writer.Write("\u001b");
        writer.Write((object)"\u001b");
        writer.Write("\u001b".ToCharArray());
        writer.Write("\u001b".AsSpan());
        writer.Write("{0}", "\u001b");
        writer.WriteLine('\u001b');
        writer.WriteLine("\u001b");
        writer.WriteLine("\u001b".AsSpan());
        writer.WriteLine();
        await writer.WriteAsync('\u001b');
        await writer.WriteAsync("\u001b");
        await writer.WriteAsync("\u001b".AsMemory());
        await writer.WriteLineAsync("\u001b");
        await writer.WriteLineAsync("\u001b".AsMemory());
        await writer.WriteLineAsync();
        var (escape, line) = (@"\u001b", "\\u001b\n");
        Assert.Equal(
            string.Concat(Enumerable.Repeat(escape, 6)) + line + line + line + "\n" + escape + escape + escape + line + line + "\n",
                inner.ToString());
    }

    [Fact]
    public void Writer_CharacterOfTwoHalves_StaysWhole()
    {
        using var inner = new StringWriter();
        var writer = TerminalText.Writer(inner);
        foreach (var c in "1😀2") writer.Write(c);
        Assert.Equal("1😀2", inner.ToString());
    }
}
