using System.Net;
using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>Where accepted connections part: some go to a canary before a byte of them is read.</summary>
/// <param name="connections">Counts those on their way to <see cref="MoverActor"/>.</param>
[SupportedOSPlatform("linux")]
internal sealed class CanaryGate(ConnectionRegistry connections)
{
    private readonly Lock _gate = new();
    private volatile Passing? _passing;

    /// <summary>Passes a share of the new connections on, from now on.</summary>
    /// <param name="map">Chooses them.</param>
    /// <param name="share">How many, and of which endpoints.</param>
    /// <param name="mover">Gets <see cref="MoverProtocol.Pass"/> for each.</param>
    /// <param name="carrier">Who is to carry them.</param>
    public void Open(CanaryMap map, MoverProtocol.CanaryShare share, IActorRef mover, IActorRef carrier)
    {
        lock (_gate) _passing = new Passing(map, share, mover, carrier);
    }

    /// <summary>Passes none on; when it returns the last one was told.</summary>
    public void Close()
    {
        lock (_gate) _passing = null;
    }

    /// <summary>Passes an accepted connection on, if it is chosen.</summary>
    /// <param name="origin">The listening socket that it came by.</param>
    /// <param name="fd">Its descriptor; given away if the result is true.</param>
    /// <param name="peer">Who connects; null where that has no address.</param>
    /// <returns>False: it is to be served here.</returns>
    public bool TryPass(EndpointKey origin, int fd, IPEndPoint? peer)
    {
        if (_passing is null) return false;
        lock (_gate)
        {
            if (_passing is not { } passing || !passing.Share.Accepts.Contains(origin)
                || !passing.Map.ChoosesNew(peer?.Address, passing.Share.Percent))
            {
                return false;
            }

            connections.Arrived(); // until the mover counts it
            passing.Mover.Tell(new MoverProtocol.Pass(passing.Carrier, new MovedConnection(origin, fd, default)));
            return true;
        }
    }

    private sealed record Passing(CanaryMap Map, MoverProtocol.CanaryShare Share, IActorRef Mover, IActorRef Carrier);
}
