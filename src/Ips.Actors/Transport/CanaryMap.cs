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
    private int _newRanks;

    /// <summary>Whether a new connection is chosen.</summary>
    /// <param name="client">The address that it comes from; null if it has none.</param>
    /// <param name="percent">The share.</param>
    public bool ChoosesNew(IPAddress? client, int percent) => (RankOf(client) ?? Rank(_newRanks++)) * 100 < percent;

    /// <summary>The live connections that are to move, those with the lowest ranks; each keeps its rank.</summary>
    /// <typeparam name="T">What stands for a connection.</typeparam>
    /// <param name="live">Those that are here.</param>
    /// <param name="client">The address that one came from; null if it has none.</param>
    /// <param name="gone">How many of this canary are on their way, or have moved.</param>
    /// <param name="percent">The share; a quarter at most.</param>
    public IReadOnlyList<T> ChooseLive<T>(IReadOnlyCollection<T> live, Func<T, IPAddress?> client, int gone, int percent)
        where T : class
    {
        percent = Math.Min(percent, MostLivePercent);
        var most = Math.Max(1, (live.Count + gone) * percent / 100) - gone;
        return [.. live.Select(one => (One: one, Rank: RankOf(client(one)) ?? RankOfLive(one))).Where(one => one.Rank * 100 < percent)
            .OrderBy(one => one.Rank).Take(most).Select(one => one.One)];
    }

    private double RankOfLive(object connection) =>
        _live.TryGetValue(connection, out var rank) ? rank : _live[connection] = Rank(_live.Count);

    private double? RankOf(IPAddress? client)
    {
        if (!byClient || client is null) return null;
        if (_clients.TryGetValue(client, out var rank)) return rank;
        return _clients.Count < MostClients ? _clients[client] = Rank(_clients.Count) : null;
    }

    // The first one is chosen: a service with few clients has one on the canary.
    private static double Rank(int number) => number * Turn % 1;
}
