using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Transport;

/// <summary>
/// A connection without a network: what is written to <see cref="Client"/> goes through Kestrel and the whole app like any request. Given to
/// Kestrel by a listener's <c>AcceptAsync</c>. A request that came by one has it as a feature; apps see the public <see cref="IIpsWarmupFeature"/>.
/// </summary>
internal sealed class MemoryConnection : DefaultConnectionContext, IIpsWarmupFeature
{
    private readonly Pipe _requests = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _responses = new(new PipeOptions(useSynchronizationContext: false));

    /// <param name="localEndPoint">The endpoint whose listener delivers it; the app sees it as the address that was connected to.</param>
    public MemoryConnection(EndPoint localEndPoint)
        : base(ConnectionIds.Next())
    {
        LocalEndPoint = localEndPoint;
        RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 0); // apps look at the address of a client, and one without would be new to them
        Transport = new Ends(_requests.Reader, _responses.Writer);
        Client = new Ends(_responses.Reader, _requests.Writer);
        Features.Set(this);
        Features.Set<IIpsWarmupFeature>(this);
    }

    /// <summary>The client's end.</summary>
    public IDuplexPipe Client { get; }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _responses.Writer.CancelPendingFlush();
        _requests.Writer.Complete(abortReason);
        base.Abort(abortReason);
    }

#pragma warning disable CA2215 // The base's disposes the source of ConnectionClosed, which an Abort may have queued for its cancellation: an exception there ends the process.
    public override async ValueTask DisposeAsync()
#pragma warning restore CA2215
    {
        await _requests.Reader.CompleteAsync();
        await _responses.Writer.CompleteAsync();
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
