using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Hosting;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Transport;

/// <summary>
/// Kestrel's way to sockets under Ips: each endpoint that Kestrel binds is asked of the owner of the listening sockets, adopted from the
/// predecessor or freshly opened. Kestrel never holds a listening descriptor.
/// </summary>
/// <param name="actors">The actors; null where Ips is inert, and before they are started.</param>
/// <param name="connections">What is open.</param>
/// <param name="factory">Makes connections.</param>
[SupportedOSPlatform("linux")]
internal sealed class HandoverTransport(
    Func<ActorRegistry?> actors, ConnectionRegistry connections, HandoverConnectionFactory factory)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private static readonly TimeSpan BindTimeout = TimeSpan.FromSeconds(30);

    /// <summary>TCP and Unix sockets; a <c>FileHandleEndPoint</c> and named pipes go to the stock transports.</summary>
    public bool CanBind(EndPoint endpoint) => actors() is not null && endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    /// <exception cref="AddressInUseException">Another process listens there.</exception>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listeners = await ListenerProtocol.OwnerAsync(actors()!, cancellationToken).ConfigureAwait(false);
        var listener = new HandoverListener(listeners, factory, connections);
        var reply = await listeners.Ask<object>(
            new ListenerProtocol.Bind(endpoint, listener), BindTimeout, cancellationToken).ConfigureAwait(false);
        try
        {
            ListenerProtocol.Check(reply);
        }
        catch (PosixException e) when (e.Errno == Errno.EADDRINUSE)
        {
            throw new AddressInUseException(e.Message, e);
        }
        catch (PosixException e)
        {
            throw e.ToSocketException(); // not an IOException: Kestrel falls back from [::] to 0.0.0.0 on any other
        }

        return listener;
    }
}
