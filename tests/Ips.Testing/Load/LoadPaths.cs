namespace Ips.Testing.Load;

/// <summary>What the strict load asks for. <see cref="LoadEndpoints.MapLoadEndpoints"/> answers all of it.</summary>
internal sealed record LoadPaths
{
    /// <summary>Asked by one-shot, busy and idle workers. Default <c>/ping</c>.</summary>
    public string Ping { get; init; } = "/ping";

    /// <summary>Asked by the same workers, in turn with <see cref="Ping"/>. Default none.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>The body that <see cref="Ping"/> and <see cref="More"/> must answer; null if any will do. Default
    /// <see cref="LoadBodies.Pong"/>.</summary>
    public string? PingBody { get; init; } = LoadBodies.Pong;

    /// <summary>Asked by stream workers. The query's <c>chunks</c> tells how long the body must be. Default: 30 chunks in 3 s.</summary>
    public string Stream { get; init; } = "/stream?ms=3000&chunks=30";

    /// <summary>Where upload workers send bodies to; answers their length and SHA-256. Default <c>/upload</c>.</summary>
    public string Upload { get; init; } = "/upload";

    /// <summary>The number of chunks that <see cref="Stream"/> asks for.</summary>
    /// <exception cref="ArgumentException">The query has no <c>chunks=N</c> with N of 1 or more.</exception>
    internal int StreamChunks
    {
        get
        {
            var query = Stream.IndexOf('?', StringComparison.Ordinal) is var at and >= 0 ? Stream[(at + 1)..] : "";
            foreach (var pair in query.Split('&'))
            {
                if (pair.StartsWith("chunks=", StringComparison.Ordinal) && int.TryParse(pair["chunks=".Length..], out var chunks)
                    && chunks > 0)
                    return chunks;
            }

            throw new ArgumentException(
                $"The stream path is '{Stream}'; its query must say chunks=N, N of 1 or more, or the body cannot be verified.");
        }
    }
}
