using System.Net;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Listener;

/// <summary>Accepts whoever connects, at once.</summary>
internal sealed class EagerTaker(Action<int, ReadOnlyMemory<byte>> onDelivered, Action<ListenerProtocol.Bound>? onAttached = null)
    : ListenerProtocol.IConnectionTaker
{
    private Func<bool, bool> _accept = _ => false;

    public void Attach(ListenerProtocol.Bound bound, AcceptedSockets sockets, Func<bool, bool> accept)
    {
        _accept = accept;
        onAttached?.Invoke(bound);
    }

    public void Ready()
    {
        while (_accept(true))
        {
        }
    }

    public void Deliver(int fd, ReadOnlyMemory<byte> leftover, IPEndPoint? peer, UpgradeParcel? upgrade = null) =>
        onDelivered(fd, leftover);
}
