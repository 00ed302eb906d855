using System.Net.Sockets;

namespace Ips.Yarp;

/// <summary>A connection to a backend: an ordinary one, until it is a tunnel's.</summary>
[SupportedOSPlatform("linux")]
internal sealed class BackendStream : DuplexStream
{
    private readonly NetworkStream? _network;
    private volatile TunnelBackend? _tunnel;

    /// <param name="network">A connection that was just opened.</param>
    public BackendStream(NetworkStream network) => _network = network;

    /// <param name="tunnel">A tunnel's, from another generation.</param>
    public BackendStream(TunnelBackend tunnel) => _tunnel = tunnel;

    /// <summary>The backend has accepted a WebSocket over it.</summary>
    public TunnelBackend BeginTunnel() => _tunnel = new TunnelBackend(_network!.Socket);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _tunnel is { } tunnel ? tunnel.ReadAsync(buffer, cancellationToken) : _network!.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_tunnel is { } tunnel) return tunnel.WriteAsync(buffer, cancellationToken);
        TunnelHandler.NoteWrite(this);
        return _network!.WriteAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        _tunnel is null ? _network!.Read(buffer, offset, count) : throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (_tunnel is not null) throw new NotSupportedException();
        _network!.Write(buffer, offset, count);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_tunnel is { } tunnel) tunnel.Dispose();
            else _network!.Dispose();
        }

        base.Dispose(disposing);
    }
}
