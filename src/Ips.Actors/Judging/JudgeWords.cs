using System.Globalization;

namespace Ips.Actors.Judging;

/// <summary>The words of a judge. Reasons are clauses about the successor, "it"; "here" is the predecessor.</summary>
internal static class JudgeWords
{
    /// <summary>A verdict in words.</summary>
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.RollBack worse => $"worse: {worse.Reason}",
        Verdict.Clean clean => Text($"no worse; had {clean.SmallestErrorShare:0.#%} of its requests failed, that would have been seen"),
        Verdict.NotJudged { Requests: 0 } => "not judged: no requests",
        Verdict.NotJudged few => Text($"not judged: {few.Requests} {(few.Requests == 1 ? "request" : "requests")}")
            + (few.WouldNeed is { } need ? Text($", would need {need.TotalSeconds:0} s") : "")
            + (few.SmallestErrorShare is { } share ? Text($"; had {share:0.#%} of its requests failed, that would have been seen")
                : "; not even a release that always fails would have been seen"),
        _ => "",
    };

    /// <summary>It may be worse, and some more requests will tell.</summary>
    public const string Suspicious = "it seems to be worse than the release before it, which is not certain yet";

    /// <summary>So few requests do not tell enough.</summary>
    public static string Wants(long requests, TimeSpan need) => Text(
        $"{requests} {(requests == 1 ? "request tells" : "requests tell")} too little, {need.TotalSeconds:0} s would be enough");

    /// <summary>Its latencies were compared too rarely.</summary>
    public static string WantsLatencies(int comparisons, TimeSpan need) => Text(
        $"{comparisons} {(comparisons == 1 ? "comparison of latencies tells" : "comparisons of latencies tell")} too little, ")
        + Text($"{need.TotalSeconds:0} s would be enough");

    /// <summary>It fails more often.</summary>
    public static string MoreErrors(RouteEvidence all, string? route) => Text(
        $"{all.After.Errors} of the {all.After.Requests} requests that it answered failed{Most(route)}, ")
        + Text($"and {all.Before.Errors} of {all.Before.Requests} here at the same time");

    /// <summary>It does not answer.</summary>
    public static string Hangs(WindowTotals before, WindowTotals after) => Text(
        $"{after.Overdue} of the {after.Started} requests that it began were unanswered after 1 s, ")
        + Text($"and {before.Overdue} of {before.Started} here at the same time");

    /// <summary>It is slow.</summary>
    public static string Slow(RouteEvidence all, string? route, double times) => Text(
        $"its requests took more than {times:0.#} times as long as here at the same time{(route is null ? "" : $", on {route}")} (median ")
        + Text($"{all.After.Latency.QuantileMs(.5):0.##} ms, here {all.Before.Latency.QuantileMs(.5):0.##} ms)");

    /// <summary>A request costs more processor time.</summary>
    public static string Processor(CostComparison cost) => Text(
        $"a request took {cost.ProcessorMs.After:0.###} ms of processor time, ")
        + Text($"and {cost.ProcessorMs.Before:0.###} ms here at the same time");

    /// <summary>A request allocates more.</summary>
    public static string Memory(CostComparison cost) => Text(
        $"a request allocated {cost.AllocatedBytes.After / 1024:0.#} KiB, ")
        + Text($"and {cost.AllocatedBytes.Before / 1024:0.#} KiB here at the same time");

    /// <summary>It is a little slower.</summary>
    public static string ALittleSlower(RouteEvidence all) => Text(
        $"Its requests took more than 1.3 times as long as here at the same time (median {all.After.Latency.QuantileMs(.5):0.##} ms, here ")
        + Text($"{all.Before.Latency.QuantileMs(.5):0.##} ms).");

    /// <summary>Latency was not judged.</summary>
    public static string FewClients(int connections, int least) => Text(
        $"Latency was not judged: {connections} {(connections == 1 ? "connection" : "connections")}, {least} are needed.");

    private static string Most(string? route) => route is null ? "" : $", most of them on {route}";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
