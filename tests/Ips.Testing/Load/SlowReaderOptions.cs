namespace Ips.Testing.Load;

/// <summary>How a <see cref="SlowReader"/> reads.</summary>
internal sealed record SlowReaderOptions
{
    /// <summary>The server.</summary>
    public required LoadTarget Target { get; init; }

    /// <summary>What is asked for; <c>?bytes=</c> and the size are appended. Default <c>/large</c>.</summary>
    public string Path { get; init; } = "/large";

    /// <summary>Bytes of the response's body, from 1. Default 512 KB.</summary>
    public int SizeBytes { get; init; } = 512 * 1024;

    /// <summary>The most that one read takes, from 1. Default 8 KB.</summary>
    public int ReadSizeBytes { get; init; } = 8 * 1024;

    /// <summary>Pause before each read. Default 20 ms: 512 KB take 1.3 s or more.</summary>
    public TimeSpan ReadInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The socket's receive buffer, which the kernel doubles. Small, so that the rest of the response waits on the server's side.
    /// Default 8 KB.</summary>
    public int ReceiveBufferSizeBytes { get; init; } = 8 * 1024;

    /// <summary>Limit of the connect, the send and each read. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
