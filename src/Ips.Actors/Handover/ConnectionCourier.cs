using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Ips.Actors.Posix;

namespace Ips.Actors.Handover;

/// <summary>
/// Sends live connections over a handover channel in batches, a bounded number at a time, and keeps its copy of each descriptor
/// until it is acknowledged. Used by the one actor that owns the channel.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ConnectionCourier(IHandoverChannel channel)
{
    /// <summary>Descriptors in one packet; the kernel's own limit is 253.</summary>
    public const int MaxPerPacket = 64;

    /// <summary>Unacknowledged packets at which only a full one follows.</summary>
    public const int MaxPartialPackets = 4;

    /// <summary>Connections sent and not acknowledged.</summary>
    public const int MaxInFlight = 256;

    /// <summary>Leftover bytes in one packet, so that with their base64 it stays below
    /// <see cref="HandoverCodec.MaxPacketBytes"/>.</summary>
    public const int MaxLeftoverBytes = 72 * 1024;

    private readonly List<MovedConnection> _waiting = [];
    private readonly List<(int Packet, MovedConnection Connection)> _inFlight = [];
    private int _packets;
    private bool _stuck;

    /// <summary>Nothing waits and nothing is unacknowledged.</summary>
    public bool IsIdle => _waiting.Count == 0 && _inFlight.Count == 0;

    /// <summary>All that was given to it has been sent.</summary>
    public bool HasSentAll => _waiting.Count == 0;

    /// <summary>Nothing is sent any more.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Takes over connections and sends what the limit allows. Once the channel has ended they wait to be recalled.</summary>
    public void Send(IEnumerable<MovedConnection> connections)
    {
        _waiting.AddRange(connections);
        Pump();
    }

    /// <summary>The peer has the oldest of them: closes our copies and sends on.</summary>
    /// <returns>How many that were.</returns>
    public int Acknowledge(int count)
    {
        var acknowledged = Math.Clamp(count, 0, _inFlight.Count);
        foreach (var (_, connection) in _inFlight.Take(acknowledged))
        {
            connection.Close();
        }

        _inFlight.RemoveRange(0, acknowledged);
        Pump();
        return acknowledged;
    }

    /// <summary>The peer has no room for a packet's connections, nor for those that wait behind it.</summary>
    /// <param name="packet">As counted by the peer, from 1.</param>
    /// <returns>All of these; they are the caller's again.</returns>
    public IReadOnlyList<MovedConnection> Decline(int packet)
    {
        List<MovedConnection> declined = [.. _inFlight.Where(sent => sent.Packet == packet).Select(sent => sent.Connection), .. _waiting];
        _inFlight.RemoveAll(sent => sent.Packet == packet);
        _waiting.Clear();
        return declined;
    }

    /// <summary>The peer is to get no more; it may acknowledge what it was sent.</summary>
    /// <returns>Those that were not sent; they are the caller's again.</returns>
    public IReadOnlyList<MovedConnection> Halt()
    {
        IsBroken = true;
        List<MovedConnection> unsent = [.. _waiting];
        _waiting.Clear();
        return unsent;
    }

    /// <summary>The channel has ended, and the peer may live: whatever it was sent and has not acknowledged is closed here, as it may read
    /// from it.</summary>
    /// <returns>How many that were.</returns>
    public int Break()
    {
        IsBroken = true;
        var lost = _inFlight.Count;
        _inFlight.ForEach(sent => sent.Connection.Close());
        _inFlight.Clear();
        return lost;
    }

    /// <summary>The channel has ended, and the peer is dead, or <see cref="Break"/> was called: who acknowledges before it reads has read
    /// from none that is here yet.</summary>
    /// <returns>All of them, in order; they are the caller's again.</returns>
    public IReadOnlyList<MovedConnection> Recall()
    {
        IsBroken = true;
        List<MovedConnection> recalled = [.. _inFlight.Select(sent => sent.Connection), .. _waiting];
        _inFlight.Clear();
        _waiting.Clear();
        return recalled;
    }

    /// <summary>Upgraded connections that cannot be sent for want of a descriptor or memory, while nothing is under way that would free
    /// one.</summary>
    /// <returns>Those, and all that wait behind them; they are the caller's again.</returns>
    public IReadOnlyList<MovedConnection> TakeUnsendable()
    {
        if (!_stuck || _inFlight.Count > 0) return [];
        _stuck = false;
        List<MovedConnection> unsendable = [.. _waiting];
        _waiting.Clear();
        return unsendable;
    }

    private void Pump()
    {
        _stuck = false;
        while (!IsBroken && MaySendNext())
        {
            var batch = NextBatch();
            if (!(batch[0].Upgrade is null ? TrySend(batch) : TrySendUpgraded(batch)))
            {
                return; // its end is told to whoever owns the channel
            }

            _packets++;
            batch.ForEach(connection => _inFlight.Add((_packets, connection)));
            _waiting.RemoveRange(0, batch.Count);
        }
    }

    private bool TrySend(List<MovedConnection> batch)
    {
        var offers = batch.ConvertAll(connection => new ConnectionOffer(
            connection.Origin.Endpoint, connection.Origin.Ordinal, connection.Leftover.IsEmpty ? null : connection.Leftover.ToArray()));
        return channel.TrySend(new ConnectionsFrame(offers, Stopwatch.GetTimestamp()), [.. batch.Select(connection => connection.Fd)]);
    }

    // The memory is the kernel's once the packet is queued: the channel sends duplicates.
    private bool TrySendUpgraded(List<MovedConnection> batch)
    {
        var (fds, memories) = (new List<int>(), new List<int>());
        try
        {
            foreach (var connection in batch)
            {
                var content = UpgradeParcelCodec.Encode(connection.Upgrade!);
                memories.Add(SealedMemory.Create("ips-upgrade", content));
                CryptographicOperations.ZeroMemory(content);
                fds.AddRange(connection.Fd, memories[^1]);
                if (connection.IsTunnel) fds.Add(connection.Upgrade!.Backend);
            }

            var offers = batch.ConvertAll(connection =>
                new UpgradedOffer(connection.Origin.Endpoint, connection.Origin.Ordinal, connection.IsTunnel));
            return channel.TrySend(new UpgradedFrame(offers, Stopwatch.GetTimestamp()), CollectionsMarshal.AsSpan(fds));
        }
        catch (PosixException e) when (e.Errno is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM)
        {
            _stuck = true; // until some of those under way have arrived
            return false;
        }
        finally
        {
            memories.ForEach(FileDescriptors.Close);
        }
    }

    // A packet costs either end as much as a dozen connections: when some are unacknowledged, one that is not full waits, and takes along
    // what comes meanwhile.
    private bool MaySendNext() => _waiting.Count > 0
        && (_inFlight.Count == 0 || _packets - _inFlight[0].Packet + 1 < MaxPartialPackets
            || (_waiting.Count >= MaxPerPacket && _inFlight.Count < MaxInFlight));

    private List<MovedConnection> NextBatch()
    {
        var (leftover, upgraded, descriptors) = (0, _waiting[0].Upgrade is not null, 0);
        return [.. _waiting
            .Take(Math.Min(upgraded ? FrameRules.MaxUpgraded : MaxPerPacket, MaxInFlight - _inFlight.Count))
            .TakeWhile(connection => connection.Upgrade is not null == upgraded
                && (!upgraded || (descriptors += UpgradedOffer.DescriptorsOf(connection.IsTunnel)) <= MaxPerPacket))
            .TakeWhile((connection, i) => (leftover += connection.Leftover.Length) <= MaxLeftoverBytes || i == 0)];
    }
}
