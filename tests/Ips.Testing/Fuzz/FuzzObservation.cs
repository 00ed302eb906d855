namespace Ips.Testing.Fuzz;

/// <summary>All that a client of the fuzz saw of its connection.</summary>
/// <param name="Answers">The whole responses, in order, without the 100s.</param>
/// <param name="End">How it ended.</param>
/// <param name="HasRest">Whether a response began after those that was not read to its end.</param>
/// <param name="Detail">On the end, for a test that failed.</param>
internal sealed record FuzzObservation(IReadOnlyList<FuzzAnswer> Answers, FuzzEnd End, bool HasRest = false, string Detail = "")
{
    /// <summary>Whether more than one generation has answered.</summary>
    public bool SawMove => Answers.Select(answer => answer.Generation).Where(generation => generation > 0).Distinct().Count() > 1;

    /// <summary>Whether an older generation has answered after a younger one: the connection came back with a rollback.</summary>
    public bool SawReturn => Answers.Zip(Answers.Skip(1)).Any(pair => pair.First.Generation > pair.Second.Generation);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(" | ", Answers
            .Select(a => $"{a.Status} g{a.Generation}{(a.Close ? " close" : "")}{(a.Continues > 0 ? $" after {a.Continues} x 100" : "")} "
            + $"'{a.Start}' {a.Digest}"))
        + $" | {End}{(HasRest ? " inside a response" : "")} {Detail}";
}
