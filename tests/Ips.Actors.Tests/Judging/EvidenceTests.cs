using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>The statistics, against published values and exact enumeration.</summary>
public sealed class EvidenceTests
{
    // Bernoulli(3/4) against a fair coin: the likelihood ratio pays 1.5 for heads and 0.5 for tails.
    [Fact]
    public void LogRatio_OddsOfThreeOnAFairCoin_PaysThreeHalvesOrOneHalf()
    {
        Assert.Equal(Math.Log(1.5), LikelihoodMixture.LogRatio(1, 0, .5, 3), 12);
        Assert.Equal(Math.Log(0.5), LikelihoodMixture.LogRatio(0, 1, .5, 3), 12);
    }

    // Kelly: the bet grows by 1 - H(3/4) bits a toss, and H(3/4) = 0.8113 bits (Cover and Thomas, Elements of Information Theory, ch. 6).
    [Fact]
    public void LogRatio_OfItsOwnAlternative_GrowsByTheRelativeEntropy()
    {
        var growth = (.75 * LikelihoodMixture.LogRatio(1, 0, .5, 3)) + (.25 * LikelihoodMixture.LogRatio(0, 1, .5, 3));
        Assert.Equal(1 - 0.8113, growth / Math.Log(2), 4);
    }

    // Wald, Sequential Analysis (1947), 5.2: for p0 = 0.1 and p1 = 0.3 each defect adds log 3, each good one log(7/9).
    [Fact]
    public void LogRatio_WaldsBinomialTest_HasHisIncrements()
    {
        const double odds = .3 / .7 / (.1 / .9);
        Assert.Equal(Math.Log(3), LikelihoodMixture.LogRatio(1, 0, .1, odds), 12);
        Assert.Equal(Math.Log(7.0 / 9), LikelihoodMixture.LogRatio(0, 1, .1, odds), 12);
    }

    [Theory]
    [InlineData(.5)]
    [InlineData(.1)]
    [InlineData(.03)]
    [InlineData(.9)]
    public void Mixture_OfAnEqualRelease_HasTheMeanOne(double share)
    {
        const int errors = 24;
        var mean = 0.0;
        for (var here = 0; here <= errors; here++)
        {
            var evidence = new LikelihoodMixture();
            evidence.Add(here, errors - here, share);
            mean += Binomial(errors, here, share) * evidence.Value;
        }

        Assert.Equal(1, mean, 6);
    }

    // Ville (1939): a test martingale ever reaches x with the probability 1/x at most.
    [Theory]
    [InlineData(.5)]
    [InlineData(.1)]
    [InlineData(.8)]
    public void Mixture_OfAnEqualRelease_SeldomReachesABar(double share)
    {
        foreach (var bar in new[] { 2.0, 5, 20, 100, 400 })
        {
            Assert.InRange(Reached(default, 18, bar, share), 0, 1 / bar);
        }

        if (share <= .5) Assert.True(Reached(default, 18, 400, share) > 0); // the enumeration does get there
    }

    // A fair coin shows ten heads with the probability 1/1024, eleven with 1/2048.
    [Theory]
    [InlineData(9, 1, false)]
    [InlineData(10, 1, true)]
    [InlineData(10, 2, false)]
    [InlineData(11, 2, true)]
    public void Mixture_AllErrorsHereAtAHalf_NeedsTenOrOneMoreForHalfOfTheEvidence(int errors, double times, bool enough)
    {
        var evidence = new LikelihoodMixture();
        evidence.Add(errors, 0, .5);
        Assert.Equal(enough, evidence.Value >= times * JudgeMachine.Bar);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Mixture_OneSideHasAllRequests_SaysNothing(double share)
    {
        var evidence = new LikelihoodMixture();
        evidence.Add(100, 0, share);
        evidence.Add(0, 100, share);
        Assert.Equal(1, evidence.Value);
    }

    [Fact]
    public void Bets_OnAFairCoin_SeldomReachABar()
    {
        foreach (var bar in new[] { 2.0, 5, 20, 100, 400 })
        {
            Assert.InRange(Reached(default(PairedBets), 18, bar), 0, 1 / bar);
        }
    }

    [Fact]
    public void Bets_OnHeadsAlone_ReachTheBarAtTheEleventh()
    {
        var bets = new PairedBets();
        for (var toss = 0; toss < 10; toss++) bets.Add(heads: true);
        Assert.Equal((Math.Pow(1.9, 10) + Math.Pow(1.5, 10)) / 2, bets.Value, 6);
        Assert.True(bets.Value < JudgeMachine.Bar);
        bets.Add(heads: true);
        Assert.True(bets.Value >= JudgeMachine.Bar);
    }

    // The table of the binomial distribution for n = 10, p = 1/2: P(X >= 9) = 0.0107. It checks the enumeration that the tests above use.
    [Fact]
    public void Binomial_TenTosses_IsAsInTheTable() =>
        Assert.Equal(.0107, Binomial(10, 9, .5) + Binomial(10, 10, .5), 4);

    // Aesop's race (en.wikipedia.org/wiki/Mann-Whitney_U_test): T H H H H H T T T T T H gives U = 11 for the tortoises, 25 for the hares.
    [Fact]
    public void ShareOfLonger_AesopsRace_IsTheUStatistic()
    {
        var (tortoises, hares, seconds) = (new LatencyCounts(), new LatencyCounts(), .004);
        foreach (var animal in "THHHHHTTTTTH")
        {
            (animal == 'T' ? tortoises : hares).Add([LatencyScale.BucketOf(seconds), 1]);
            seconds *= 2; // each is much slower than the one before
        }

        Assert.Equal(25 / 36.0, LatencyComparison.Slower.ShareOfLonger(hares, tortoises), 12);
        Assert.Equal(11 / 36.0, LatencyComparison.Slower.ShareOfLonger(tortoises, hares), 12);
    }

    [Theory]
    [InlineData(10, 10, 0)]
    [InlineData(10, 13, 0)]
    [InlineData(10, 18, 1)]
    [InlineData(.1, .5, 0)] // less than 1 ms more
    [InlineData(.1, 1.5, 1)]
    public void ShareOfLonger_OfOneAndAHalfTimes_CountsWhatIsMuchLonger(double beforeMs, double afterMs, double share)
    {
        var (before, after) = (new LatencyCounts(), new LatencyCounts());
        before.Add([LatencyScale.BucketOf(beforeMs / 1000), 8]);
        after.Add([LatencyScale.BucketOf(afterMs / 1000), 8]);
        Assert.Equal(share, LatencyComparison.Slower.ShareOfLonger(before, after), 12);
    }

    [Theory]
    [InlineData(.000001)]
    [InlineData(.00001)]
    [InlineData(.0123)]
    [InlineData(1.5)]
    [InlineData(39)]
    [InlineData(1e9)]
    [InlineData(double.NaN)]
    public void Scale_OfALatency_HasItInItsBucket(double seconds)
    {
        var bucket = LatencyScale.BucketOf(seconds);
        Assert.InRange(bucket, 0, LatencyScale.Buckets - 1);
        if (seconds is > .00001 and < 38) Assert.InRange(LatencyScale.Middle(bucket) / seconds, .95, 1.06);
    }

    // By all sequences of errors.
    private static double Reached(LikelihoodMixture evidence, int left, double bar, double share)
    {
        if (evidence.Value >= bar) return 1;
        if (left == 0) return 0;
        var (here, there) = (evidence, evidence);
        here.Add(1, 0, share);
        there.Add(0, 1, share);
        return (share * Reached(here, left - 1, bar, share)) + ((1 - share) * Reached(there, left - 1, bar, share));
    }

    private static double Reached(PairedBets bets, int left, double bar)
    {
        if (bets.Value >= bar) return 1;
        if (left == 0) return 0;
        var (heads, tails) = (bets, bets);
        heads.Add(heads: true);
        tails.Add(heads: false);
        return (Reached(heads, left - 1, bar) + Reached(tails, left - 1, bar)) / 2;
    }

    private static double Binomial(int n, int k, double p)
    {
        var probability = Math.Pow(p, k) * Math.Pow(1 - p, n - k);
        for (var i = 1; i <= k; i++) probability *= (double)(n - k + i) / i;
        return probability;
    }
}
