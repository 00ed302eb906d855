using Ips.Bench;
namespace Ips.Bench.Peers;

/// <summary>What became of a peer in this run.</summary>
/// <param name="peer">Which.</param>
internal sealed class PeerResult(Peer peer)
{
    public Peer Peer => peer;

    /// <summary>Its turns; none if it is missing.</summary>
    public List<PeerTurn> Turns { get; } = [];

    /// <summary>Why it is missing, or has fewer turns than others; null if neither.</summary>
    public string? Trouble { get; set; }

    /// <summary>The middle of a figure over its turns.</summary>
    public Sample Of(Func<PeerTurn, double> figure) => Sample.Of(Turns.Select(figure));
}
