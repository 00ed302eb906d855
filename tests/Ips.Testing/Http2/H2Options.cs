using Ips.Testing.Load;

namespace Ips.Testing.Http2;

/// <summary>The mix of a load over HTTP/2.</summary>
internal sealed record H2Options
{
    /// <summary>The server.</summary>
    public required LoadTarget Target { get; init; }

    /// <summary>How long after its arrival a GOAWAY is known. Default 0: near; 10 ms is far.</summary>
    public TimeSpan GoAwayDelay { get; init; }

    /// <summary>Clients that ask without a pause worth the name. Each has one connection at a time. Default 4.</summary>
    public int BusyClients { get; init; } = 4;

    /// <summary>Clients that pause from 0.2 to 2 s between requests. Default 4.</summary>
    public int IdleClients { get; init; } = 4;

    /// <summary>Requests of a client at once. Default 4.</summary>
    public int Streams { get; init; } = 4;

    /// <summary>What is asked. Default <c>/ping</c>.</summary>
    public string Path { get; init; } = "/ping";

    /// <summary>Asked by one more client with <see cref="Streams"/> at once; null for none. Default: a response of 2 s.</summary>
    public string? SlowPath { get; init; } = "/stream?ms=2000&chunks=20";

    /// <summary>Limit of each request. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
