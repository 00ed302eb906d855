using System.Text;
using Ips.Testing.Load;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>The pure parts of the client: what it compares bodies and durations with.</summary>
public sealed class LoadMeasureTests
{
    [Theory]
    [InlineData("pong", null)]
    [InlineData("pon", "the body has 3 bytes instead of 4")]
    [InlineData("pongs", "the body has 5 bytes instead of 4")]
    [InlineData("pang", "the body's byte 1 of 4 is wrong")]
    [InlineData("ponG", "the body's byte 3 of 4 is wrong")]
    public void BodyCheck_BodyInPieces_TellsWhatIsWrong(string body, string? fault)
    {
        for (var cut = 0; cut <= body.Length; cut++)
        {
            var check = new BodyCheck();
            check.Begin("pong"u8.ToArray());
            check.Append(Encoding.ASCII.GetBytes(body[..cut]));
            check.Append(Encoding.ASCII.GetBytes(body[cut..]));
            Assert.Equal(fault, check.Fault);
        }
    }

    [Fact]
    public void BodyCheck_NothingExpected_AcceptsAnything()
    {
        var check = new BodyCheck();
        check.Begin(null);
        check.Append("whatever"u8);
        Assert.Equal((null, 8), (check.Fault, check.Length));
    }

    [Fact]
    public void FillLarge_AtAnyOffset_GivesTheSameBytes()
    {
        var whole = LoadBodies.Large(1000);
        for (var offset = 0; offset < whole.Length; offset += 7)
        {
            var piece = new byte[Math.Min(33, whole.Length - offset)];
            LoadBodies.FillLarge(piece, offset);
            Assert.Equal(whole[offset..(offset + piece.Length)], piece);
        }
    }

    [Fact]
    public void Stream_OfThreeChunks_IsThreeNumberedLines()
    {
        var lines = Encoding.ASCII.GetString(LoadBodies.Stream(3)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, (line, index) => Assert.StartsWith($"chunk {index + 1} of 3 ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Percentile_OfKnownDurations_IsAtMostThreePercentTooLong()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 100_000; i++) histogram.Record(TimeSpan.FromMicroseconds(i));

        Assert.InRange(histogram.Percentile(0.5).TotalMicroseconds, 50_000, 51_600);
        Assert.InRange(histogram.Percentile(0.99).TotalMicroseconds, 99_000, 100_000);
        Assert.Equal(TimeSpan.FromMilliseconds(100), histogram.Longest);
        Assert.Equal(TimeSpan.FromMilliseconds(100), histogram.Percentile(1));
    }

    [Fact]
    public void Percentile_OfExtremes_HoldsThem()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(TimeSpan.Zero, histogram.Percentile(0.99));
        histogram.Record(TimeSpan.Zero);
        histogram.Record(TimeSpan.FromDays(1));
        Assert.InRange(histogram.Percentile(0.5), TimeSpan.Zero, TimeSpan.FromMicroseconds(1));
        Assert.Equal(TimeSpan.FromDays(1), histogram.Percentile(0.99));
    }

    [Theory]
    [InlineData("/stream?ms=3000&chunks=30", 30)]
    [InlineData("/stream?chunks=4", 4)]
    public void LoadPaths_StreamWithChunks_TellsTheirNumber(string path, int chunks) =>
        Assert.Equal(chunks, new LoadPaths { Stream = path }.StreamChunks);

    [Theory]
    [InlineData("/stream")]
    [InlineData("/stream?ms=1&chunks=0")]
    [InlineData("/chunks=3")]
    public void LoadPaths_StreamThatCannotBeVerified_IsRefused(string path) =>
        Assert.Throws<ArgumentException>(() => new LoadPaths { Stream = path }.StreamChunks);

    [Fact]
    public void Start_SeveralValuesOutOfRange_NamesThemAll()
    {
        var options = new LoadOptions { Target = LoadTarget.Loopback(1), BusyWorkers = -1, UploadPieces = 0, Timeout = TimeSpan.Zero };
        var error = Assert.Throws<ArgumentException>(() => StrictLoad.Start(options));
        Assert.Equal(3, error.Message.Split(Environment.NewLine).Length);
    }
}
