namespace Ips.Actors.Judging;

/// <summary>Requests of both generations in a step of the canary.</summary>
/// <param name="Before">Of the predecessor.</param>
/// <param name="After">Of the successor.</param>
internal readonly record struct StepRequests(double Before, double After)
{
    /// <summary>The successor's share.</summary>
    public double Share => Before + After > 0 ? After / (Before + After) : 0;
}

/// <summary>How many errors of each generation count at most, as each connection counts only some.</summary>
/// <param name="Before">Of the predecessor.</param>
/// <param name="After">Of the successor.</param>
internal readonly record struct MostErrors(double Before, double After)
{
    /// <summary>All count.</summary>
    public static MostErrors All => new(double.PositiveInfinity, double.PositiveInfinity);
}

/// <summary>What so many requests can show. Pure.</summary>
internal static class Sensitivity
{
    private const double Probably = 0.84; // standard deviations below the mean: four times of five it is more

    /// <summary>The smallest share of the successor's requests that, failing, leads to a rollback four times of five; null if even all of
    /// them do not.</summary>
    /// <param name="steps">The requests.</param>
    /// <param name="errorsBefore">The predecessor's share of failing requests.</param>
    /// <param name="most">How many errors count.</param>
    /// <param name="parts">How many such evidences are averaged: all of it may have to come from one.</param>
    public static double? ErrorShare(IReadOnlyCollection<StepRequests> steps, double errorsBefore, MostErrors most, int parts)
    {
        if (!Shows(steps, errorsBefore, 1, most, parts)) return null;
        var (least, enough) = (errorsBefore, 1.0);
        for (var i = 0; i < 30; i++)
        {
            var middle = (least + enough) / 2;
            if (Shows(steps, errorsBefore, middle, most, parts)) enough = middle;
            else least = middle;
        }

        return enough;
    }

    /// <summary>How many times as long the last step would have to be to show a share of failing requests; null if no length up to
    /// <paramref name="longest"/> times would.</summary>
    public static double? Longer(
        IReadOnlyList<StepRequests> steps, double errorsBefore, double errorsAfter, double longest, MostErrors most, int parts)
    {
        if (steps.Count == 0 || !Shows(Grown(longest), errorsBefore, errorsAfter, most, parts)) return null;
        var (least, enough) = (0.0, longest);
        for (var i = 0; i < 40; i++)
        {
            var middle = (least + enough) / 2;
            if (Shows(Grown(middle), errorsBefore, errorsAfter, most, parts)) enough = middle;
            else least = middle;
        }

        return enough;

        StepRequests[] Grown(double times) => [.. steps.SkipLast(1), new(steps[^1].Before * times, steps[^1].After * times)];
    }

    private static bool Shows(IReadOnlyCollection<StepRequests> steps, double before, double after, MostErrors most, int parts)
    {
        var bar = Math.Log(JudgeMachine.Bar * parts * LikelihoodMixture.OddsRatios.Length); // all of it may come from one odds ratio

        var errors = steps.Sum(step => step.After) * after;
        var fewer = errors > 0 ? Math.Max(0, 1 - (Probably / Math.Sqrt(errors))) * Math.Min(1, most.After / errors) : 0;
        var errorsBefore = steps.Sum(step => step.Before) * before;
        var counted = errorsBefore > 0 ? Math.Min(1, most.Before / errorsBefore) : 0;
        foreach (var odds in LikelihoodMixture.OddsRatios)
        {
            var log = 0.0;
            foreach (var step in steps)
            {
                if (step.Share is <= 0 or >= 1) continue;
                log += LikelihoodMixture.LogRatio(step.After * after * fewer, step.Before * before * counted, step.Share, odds);
            }

            if (log >= bar) return true;
        }

        return false;
    }
}
