namespace Ips.Actors.Judging;

/// <summary>What a judge says of a successor, beside its predecessor at the same time.</summary>
internal abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>It is worse: the predecessor is to take the role back.</summary>
    /// <param name="Reason">Why, as a clause about <c>it</c>.</param>
    public sealed record RollBack(string Reason) : Verdict;

    /// <summary>It is no worse, as far as its requests can tell.</summary>
    /// <param name="SmallestErrorShare">The smallest share of failing requests that would most likely have been seen.</param>
    public sealed record Clean(double SmallestErrorShare) : Verdict;

    /// <summary>Too few requests to tell.</summary>
    /// <param name="Requests">Requests of both generations.</param>
    /// <param name="WouldNeed">Time on probation that would be enough at this rate of requests; null if no time would be.</param>
    /// <param name="SmallestErrorShare">The smallest share of failing requests that would most likely have been seen; null if even all of
    /// them would not.</param>
    public sealed record NotJudged(long Requests, TimeSpan? WouldNeed, double? SmallestErrorShare) : Verdict;
}
