namespace Ips.Testing.Fuzz.Channels;

/// <summary>A channel of Ips, by who the hostile peer is.</summary>
internal enum FuzzChannel
{
    /// <summary>The handover channel: a release that the service starts on a reload.</summary>
    Successor,

    /// <summary>The handover channel: a service that starts Ips as its successor.</summary>
    Predecessor,

    /// <summary>The handover socket (<c>ips.takeover.socket</c>): a process that connects to take over.</summary>
    Takeover,

    /// <summary>The channel to the supervisor: a child under <c>ips supervise</c>.</summary>
    Supervisor,

    /// <summary>The control socket: a client.</summary>
    ControlClient,

    /// <summary>The control socket: a daemon that <c>ips status</c> and the like ask.</summary>
    ControlServer,
}

/// <summary>What a descriptor in a packet refers to.</summary>
internal enum FuzzDescriptor
{
    File, DevNull, Directory, PipeReader, PipeWriter, PipeWithoutReader, Stream, StreamWithoutPeer, Listener, Packets, Event,
}

/// <summary>One packet, or one line of the control socket.</summary>
/// <param name="Kind">What was done to it: <c>ready</c>, <c>ready null-element</c>.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Descriptor">What its descriptors refer to.</param>
/// <param name="Descriptors">How many of them ride along, from 0 to 253: the kernel's own limit.</param>
internal sealed record FuzzPacket(string Kind, ReadOnlyMemory<byte> Bytes, FuzzDescriptor Descriptor = default, int Descriptors = 0)
{
    /// <summary>The most descriptors that the kernel takes in one packet.</summary>
    public const int DescriptorsMax = 253;

    private const int ShownBytes = 256;

    /// <summary>The packet for a person, with as much of it in hexadecimal as is of use.</summary>
    public override string ToString()
    {
        var cut = Bytes.Length > ShownBytes ? "..." : "";
        var fds = Descriptors == 0 ? "" : $" + {Descriptors} x {Descriptor}";
        return $"{Kind}, {Bytes.Length} bytes{fds}: {Convert.ToHexString(Bytes.Span[..Math.Min(Bytes.Length, ShownBytes)])}{cut}";
    }
}

/// <summary>What the generator must know of the service to speak of things that exist.</summary>
/// <param name="Endpoint">An address that it listens on, such as <c>127.0.0.1:40123</c>.</param>
/// <param name="Pid">The process id that the peer calls its own.</param>
internal sealed record FuzzFacts(string Endpoint, int Pid);
