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

    // Not the base's own: an abort by the warm-up's deadline may come just as Kestrel disposes, and that one would then throw on the thread pool.
    private readonly CancellationTokenSource _closed = new();

    /// <param name="localEndPoint">The endpoint whose listener delivers it; the app sees it as the address that was connected to.</param>
    public MemoryConnection(EndPoint localEndPoint)
        : base(ConnectionIds.Next())
    {
        ConnectionClosed = _closed.Token;
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
        _closed.CancelAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _requests.Reader.CompleteAsync();
        await _responses.Writer.CompleteAsync();
        await base.DisposeAsync();
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
