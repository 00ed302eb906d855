using System.Text;
using Ips.Actors.Output;

namespace Ips.Actors.Tests.Receipts;

public sealed class LineSplitterTests
{
    private readonly List<string> _lines = [];

    [Fact]
    public void Feed_PiecesOfLines_PassesOnWholeOnes()
    {
        var splitter = new LineSplitter();
        Feed(splitter, "one\ntw", "o", "\n\nthr");
        Assert.Equal(["one\n", "two\n", "\n"], _lines);
        splitter.End(Take);
        Assert.Equal("thr\n", _lines[^1]); // with an end, or the next line of another process would be glued to it
    }

    [Fact]
    public void Feed_AnyCut_GivesTheSameLines()
    {
        const string text = "alpha\nbeta\n\ngamma ä\ndelta";
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            _lines.Clear();
            var splitter = new LineSplitter();
            splitter.Feed(bytes.AsSpan(0, cut), Take);
            splitter.Feed(bytes.AsSpan(cut), Take);
            splitter.End(Take);
            Assert.Equal(text + "\n", string.Concat(_lines));
            Assert.Equal(5, _lines.Count);
        }
    }

    [Fact]
    public void Feed_LineWithoutEnd_IsPassedOnInPieces()
    {
        var splitter = new LineSplitter();
        Feed(splitter, new string('x', LineSplitter.MaxPendingBytes));
        Assert.Empty(_lines);
        Feed(splitter, "y");
        Assert.Equal(LineSplitter.MaxPendingBytes + 1, Assert.Single(_lines).Length);
        Assert.Empty(splitter.TakePending());
    }

    [Fact]
    public void TakePending_BeginningOfALine_IsContinuedByAnother()
    {
        var splitter = new LineSplitter();
        Feed(splitter, "first\nsec");
        var next = new LineSplitter(splitter.TakePending());
        Feed(next, "ond\n");
        splitter.End(Take);
        Assert.Equal(["first\n", "second\n"], _lines);
    }

    private void Feed(LineSplitter splitter, params string[] pieces)
    {
        foreach (var piece in pieces) splitter.Feed(Encoding.UTF8.GetBytes(piece), Take);
    }

    private void Take(ReadOnlySpan<byte> line) => _lines.Add(Encoding.UTF8.GetString(line));
}
