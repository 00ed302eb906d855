using System.Net;

namespace Ips.Actors.Transport;

/// <summary>Which clients, or connections, a canary gets. Each has a rank, evenly spread from 0 to 1, and is chosen if that is below the
/// share: so the share is exact from a few on, and a greater one has all of a smaller one.</summary>
/// <param name="byClient">A client keeps its rank by its address; else each connection has one of its own.</param>
internal sealed class CanaryMap(bool byClient)
{
    /// <summary>Of the live connections at most this share moves: they end with a canary that is killed.</summary>
    public const int MostLivePercent = 25;

    /// <summary>Addresses from which on clients are told apart by them: fewer are a proxy's, or too few for a share.</summary>
    public const int LeastClients = 20;

    private const int MostClients = 65_536; // whose ranks are kept; the connections of further ones have their own
    private const double Turn = 0.618033988749895; // the golden ratio: its multiples spread most evenly

    private readonly Dictionary<IPAddress, double> _clients = [];
    private readonly Dictionary<object, double> _live = new(ReferenceEqualityComparer.Instance);
    private int _newRanks, _liveRanks;

    /// <summary>Whether a new connection is chosen.</summary>
    /// <param name="client">The address that it comes from; null if it has none.</param>
    /// <param name="percent">The share.</param>
    public bool ChoosesNew(IPAddress? client, int percent) => (RankOf(client) ?? Rank(_newRanks++)) * 100 < percent;

    /// <summary>Whether a connection that is open already is chosen. It keeps its rank.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="client">The address that it came from; null if it has none.</param>
    /// <param name="percent">The share.</param>
    public bool ChoosesLive(object connection, IPAddress? client, int percent)
    {
        if (RankOf(client) is not { } rank && !_live.TryGetValue(connection, out rank)) _live[connection] = rank = Rank(_liveRanks++);
        return rank * 100 < Math.Min(percent, MostLivePercent);
    }

    private double? RankOf(IPAddress? client)
    {
        if (!byClient || client is null) return null;
        if (_clients.TryGetValue(client, out var rank)) return rank;
        return _clients.Count < MostClients ? _clients[client] = Rank(_clients.Count) : null;
    }

    // The first one is chosen: a service with few clients has one on the canary.
    private static double Rank(int number) => number * Turn % 1;
}
