using System.Text;
using Ips.Actors.Output;

namespace Ips.Actors.Tests.Receipts;

public sealed class OutputTailTests
{
    [Theory]
    [InlineData("a|b", "b")]
    [InlineData("a|Unhandled exception. X: y|   at Z|crash report", "Unhandled exception. X: y")]
    [InlineData("a|   at Z", "a")]
    [InlineData("   at Z", null)]
    [InlineData("", null)]
    public void LastWords_OfLines_AreWhatSaysWhy(string lines, string? words) =>
        Assert.Equal(words, OutputTail.LastWords(lines.Split('|', StringSplitOptions.RemoveEmptyEntries)));

    private readonly OutputTail _tail = new();

    [Fact]
    public void Add_MoreThanFifty_KeepsTheNewest()
    {
        for (var i = 1; i <= 70; i++) Add($"line {i}\n");
        Assert.Equal(50, _tail.Lines.Count);
        Assert.Equal(("line 21", "line 70"), (_tail.Lines[0], _tail.Lines[^1]));
    }

    [Fact]
    public void Add_EmptyLines_AreLeftOut()
    {
        Add("\n", "  \r\n", "text\r\n");
        Assert.Equal(["text"], _tail.Lines);
    }

    [Fact]
    public void Add_LongLine_IsCutAndMarked()
    {
        Add(new string('ä', 5000));
        Assert.Equal(new string('ä', OutputTail.MaxLineLength - 1) + "…", Assert.Single(_tail.Lines));
    }

    [Fact]
    public void Add_EscapeSequences_CommandNoTerminal()
    {
        Add("\u001b[2Jcleared\u0007\tafter a tab\n");
        Assert.Equal("\uFFFD[2Jcleared\uFFFD\tafter a tab", Assert.Single(_tail.Lines));
    }

    [Fact]
    public void Add_ColorsOfALogOnATerminal_AreLeftOut()
    {
        Add("03:04:05.678 \u001b[1;31mCRIT \u001b[0m gen=2 it \u001b[mfailed\n");
        Assert.Equal("03:04:05.678 CRIT  gen=2 it failed", Assert.Single(_tail.Lines));
    }

    [Fact]
    public void Add_NoUtf8_IsStillALine()
    {
        _tail.Add([0x61, 0xFF, 0xFE, 0x62]);
        Assert.Equal("a\uFFFD\uFFFDb", Assert.Single(_tail.Lines));
    }

    private void Add(params string[] lines)
    {
        foreach (var line in lines) _tail.Add(Encoding.UTF8.GetBytes(line));
    }
}
