using System.Buffers;
using System.Text;
using Ips.Testing.Load;

namespace Ips.Transport.Tests.StrictClient;

public sealed class HttpMessageParserTests
{
    private const string Fixed = "HTTP/1.1 200 OK\r\nX-Ips-Generation: 7\r\ncontent-length: 4\r\nConnection: keep-alive, Close\r\n\r\npong";
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, the load\r\n0\r\n\r\n";
    private const string Empty = "HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n";
    private const string WithoutBody = "HTTP/1.1 204 No Content\r\n\r\n";

    [Theory]
    [InlineData(Fixed, 200, "pong", true, 7)]
    [InlineData(Chunked, 200, "hello, the load", false, null)]
    [InlineData(Empty, 503, "", false, null)]
    [InlineData(WithoutBody, 204, "", false, null)]
    public void Feed_CorrectResponseCutAnywhere_IsReadToItsLastByteAndNoFurther(string text, int status, string body, bool close,
        int? generation)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var (parser, sink) = (new HttpMessageParser(HttpMessageKind.Response), new Sink());
            parser.Begin(sink);

            Assert.Equal(cut, parser.Feed(bytes.AsSpan(0, cut)));
            Assert.Equal(cut == bytes.Length, parser.IsComplete);
            byte[] rest = [.. bytes.AsSpan(cut), .. "HTTP/1.1"u8];
            Assert.Equal(bytes.Length - cut, parser.Feed(rest));

            Assert.True(parser.IsComplete);
            Assert.Equal((status, close, generation), (parser.Status, parser.Close, parser.Generation));
            Assert.Equal(body, Encoding.ASCII.GetString(sink.Body.WrittenSpan));
        }
    }

    [Fact]
    public void Begin_AfterAResponse_ForgetsAllOfIt()
    {
        var parser = new HttpMessageParser(HttpMessageKind.Response);
        parser.Begin(new Sink());
        parser.Feed(Encoding.ASCII.GetBytes(Fixed));
        parser.Begin(new Sink());
        parser.Feed(Encoding.ASCII.GetBytes(Chunked));

        Assert.True(parser.IsComplete);
        Assert.Equal((false, null), (parser.Close, parser.Generation));
    }

    [Theory]
    [InlineData("SSH")]
    [InlineData("HTTP/1.0 200 OK\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n")]
    [InlineData("HTTP/1.1 2000\r\n")]
    [InlineData("HTTP/1.1 -20 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length : 4\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n folded\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\rc\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +4\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length:\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-Ips-Generation: next\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlonger\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: a\r\n")]
    public void Feed_OddResponseCutAnywhere_IsMalformed(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var parser = new HttpMessageParser(HttpMessageKind.Response);
            parser.Begin(new Sink());
            var fault = Assert.Throws<LoadFaultException>(() =>
            {
                parser.Feed(bytes.AsSpan(0, cut));
                parser.Feed(bytes.AsSpan(cut));
            });
            Assert.Equal(FailureKind.Malformed, fault.Kind);
        }
    }

    [Fact]
    public void Feed_EndlessLine_IsMalformed()
    {
        var parser = new HttpMessageParser(HttpMessageKind.Response);
        parser.Begin(new Sink());
        var bytes = Encoding.ASCII.GetBytes("HTTP/1.1 200 " + new string('a', 10_000));
        Assert.Equal(FailureKind.Malformed, Assert.Throws<LoadFaultException>(() => parser.Feed(bytes)).Kind);
    }

    [Fact]
    public void Feed_TwoRequestsInOnePiece_TakesOnlyTheFirst()
    {
        var (parser, sink) = (new HttpMessageParser(HttpMessageKind.Request), new Sink());
        var first = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"u8.ToArray();
        byte[] both = [.. first, .. "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"u8];

        parser.Begin(sink);
        Assert.Equal(first.Length, parser.Feed(both));
        Assert.Equal(("POST", "/upload", "abc"), (parser.Method, parser.Target, Encoding.ASCII.GetString(sink.Body.WrittenSpan)));

        parser.Begin(sink);
        parser.Feed(both.AsSpan(first.Length));
        Assert.Equal((true, "GET", "/ping"), (parser.IsComplete, parser.Method, parser.Target));
    }

    private sealed class Sink : IBodySink
    {
        public ArrayBufferWriter<byte> Body { get; } = new();

        public void Append(ReadOnlySpan<byte> piece) => Body.Write(piece);
    }
}
