namespace Ips.Actors.Judging;

/// <summary>Evidence that errors fall on one side more often than its share of the requests: a likelihood ratio, averaged over odds ratios
/// of 3, 10 and 100.</summary>
/// <remarks>
/// Given an error, an equal release has it with probability <c>s</c>, its share of the requests. A release whose odds of failing are
/// <c>ρ</c> times those of the other has it with probability <c>sρ/(1−s+sρ)</c>. The ratio of both is <c>ρ/(1−s+sρ)</c> for an error on its
/// side and <c>1/(1−s+sρ)</c> for one on the other side, and has the mean 1 under equality: the product is a test martingale. By Ville's
/// inequality it ever reaches 400 with probability 1/400 at most, however often one looks. Pure.
/// </remarks>
internal struct LikelihoodMixture
{
    /// <summary>The odds ratios.</summary>
    public static ReadOnlySpan<double> OddsRatios => [3, 10, 100];

    private double _log3, _log10, _log100;

    /// <summary>The evidence: 1 for none.</summary>
    public readonly double Value => (Math.Exp(_log3) + Math.Exp(_log10) + Math.Exp(_log100)) / 3;

    /// <summary>Weighs errors.</summary>
    /// <param name="here">Errors on the side that is judged.</param>
    /// <param name="there">Errors on the other side.</param>
    /// <param name="share">The share of the requests on the side that is judged. 0 and 1 compare nothing, and change nothing.</param>
    public void Add(int here, int there, double share)
    {
        if (share is <= 0 or >= 1 || here + there == 0) return;
        _log3 += LogRatio(here, there, share, 3);
        _log10 += LogRatio(here, there, share, 10);
        _log100 += LogRatio(here, there, share, 100);
    }

    /// <summary>The logarithm of the likelihood ratio of some errors.</summary>
    public static double LogRatio(double here, double there, double share, double oddsRatio) =>
        (here * Math.Log(oddsRatio)) - ((here + there) * Math.Log(1 - share + (share * oddsRatio)));
}

/// <summary>Evidence that a coin shows heads more often than tails: two bets at each toss, averaged.</summary>
/// <remarks>A bet makes 1.9 or 1.5 times the stake at heads, and 0.1 or 0.5 times at tails. While heads has a probability of one half or
/// less, the mean of what is left is no more than the stake: a test supermartingale. Pure.</remarks>
internal struct PairedBets
{
    private double _bold, _careful; // logarithms

    /// <summary>The evidence: 1 for none.</summary>
    public readonly double Value => (Math.Exp(_bold) + Math.Exp(_careful)) / 2;

    /// <summary>One toss.</summary>
    public void Add(bool heads)
    {
        _bold += Math.Log(heads ? 1.9 : 0.1);
        _careful += Math.Log(heads ? 1.5 : 0.5);
    }
}
