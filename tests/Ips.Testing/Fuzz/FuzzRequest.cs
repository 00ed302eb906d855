using System.Globalization;
using System.Text;
using Ips.Testing.Load;

namespace Ips.Testing.Fuzz;

/// <summary>One request of a script, and the answer that it must get. No I/O.</summary>
internal sealed record FuzzRequest
{
    private const int LongContentBytesMax = 60_000;
    private const int LongFillerBytesMax = 7000; // of one header; four times that is what Kestrel takes in all
    private const int LongAnswerBytesMax = 250_000;
    private const int SlowMsMax = 2500; // outlasts a reload

    /// <summary>Names it: in its path, in the answer, in the journal.</summary>
    public required string Id { get; init; }

    /// <summary>What the app does with the body.</summary>
    public required FuzzReading Reading { get; init; }

    /// <summary>The head, to its empty line.</summary>
    public required byte[] Head { get; init; }

    /// <summary>The body as it is sent, chunks and trailers included.</summary>
    public required byte[] Body { get; init; }

    /// <summary>Length and SHA-256 of the answer's body.</summary>
    public required string Answer { get; init; }

    /// <summary>The app ends the request without having seen the body's end: from then on only this connection's Kestrel knows where a
    /// request begins.</summary>
    public required bool LeavesBodyUnread { get; init; }

    /// <summary>See <see cref="FuzzExpect"/>.</summary>
    public required FuzzExpect Expect { get; init; }

    /// <summary>It says <c>Connection: close</c>.</summary>
    public required bool AsksClose { get; init; }

    /// <summary>What makes it one of its kind, for counts.</summary>
    public required string Kind { get; init; }

    /// <summary>Makes one.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="random">Decides about the rest.</param>
    /// <param name="asksClose">See <see cref="AsksClose"/>.</param>
    /// <param name="keepsBody">See <see cref="FuzzExpect.NeverSends"/>.</param>
    /// <param name="isHalf">The app must not answer before the last byte has come.</param>
    public static FuzzRequest Make(string id, Random random, bool asksClose = false, bool keepsBody = false, bool isHalf = false)
    {
        var hasBody = keepsBody || random.Next(5) < 3;
        var chunked = hasBody && random.Next(2) == 0;
        var reading = keepsBody ? FuzzReading.Ignore : random.Next(isHalf ? 10 : 12) switch
        {
            < 5 => FuzzReading.Pipe,
            < 10 => FuzzReading.Stream,
            10 => FuzzReading.Exact,
            _ => FuzzReading.Ignore,
        };
        var expect = keepsBody ? FuzzExpect.NeverSends : hasBody
            && random.Next(4) == 0 ? (random.Next(2) == 0 ? FuzzExpect.SendsAnyway : FuzzExpect.Waits) : FuzzExpect.No;
        // an answer that has begun is the last word: no 100 comes after it
        var early = random.Next(10) == 0 && !isHalf && expect is not FuzzExpect.Waits;
        // What is not read looks like requests, so that taking it for some shows.
        var content = !hasBody ? [] : reading is FuzzReading.Ignore ? Lookalike(id, random) : Content(id, random);
        var slow = random.Next(6) == 0 ? random.Next(100, SlowMsMax) : 0;
        var filler = random.Next(10) == 0 ? random.Next(1, LongAnswerBytesMax) : random.Next(200);
        var read = reading is FuzzReading.Ignore ? null : LoadBodies.UploadEcho(content);

        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture,
            $"{(hasBody ? "POST" : "GET")} /fuzz/{reading.ToString().ToLowerInvariant()}/{id}?ms={slow}&bytes={filler}");
        if (reading is FuzzReading.Exact) head.Append(CultureInfo.InvariantCulture, $"&take={content.Length}");
        if (early) head.Append("&early=1");
        else if (random.Next(3) == 0) head.Append("&chunked=1");
        head.Append(" HTTP/1.1\r\nHost: fuzz\r\n");
        if (random.Next(6) == 0) head.Append(CultureInfo.InvariantCulture,
            $"X-Filler: {new string('f', random.Next(1, LongFillerBytesMax))}\r\n");
        if (expect is not FuzzExpect.No) head.Append("Expect: 100-continue\r\n");
        if (asksClose) head.Append("Connection: close\r\n");
        if (chunked) head.Append("Transfer-Encoding: chunked\r\n");
        else if (hasBody) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {content.Length}\r\n");

        return new FuzzRequest
        {
            Id = id,
            Reading = reading,
            Head = Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()),
            Body = chunked ? FuzzChunks.Encode(content, id, random) : content,
            Answer = LoadBodies.UploadEcho(FuzzAnswers.Whole(id, early, read, filler)),
            LeavesBodyUnread = hasBody && (reading is FuzzReading.Ignore || (reading is FuzzReading.Exact && chunked)),
            Expect = expect,
            AsksClose = asksClose,
            Kind = $"{(chunked ? "chunked" : hasBody ? "length" : "no body")}{(hasBody ? $" {reading}" : "")}"
                + (expect is FuzzExpect.No ? "" : $" Expect {expect}"),
        };
    }

    private static byte[] Content(string id, Random random)
    {
        var length = random.Next(8) == 0 ? random.Next(1, LongContentBytesMax) : random.Next(1, 200);
        var content = Encoding.ASCII.GetBytes($"{id} ".PadRight(length, (char)('a' + random.Next(26))));
        return content;
    }

    private static byte[] Lookalike(string id, Random random)
    {
        var requests = new StringBuilder();
        for (var i = random.Next(1, 4); i > 0; i--) requests
            .Append(CultureInfo.InvariantCulture, $"GET /fuzz/ignore/{FuzzModel.Smuggled}-{id} HTTP/1.1\r\nHost: fuzz\r\n\r\n");
        return Encoding.ASCII.GetBytes(requests.ToString());
    }
}
