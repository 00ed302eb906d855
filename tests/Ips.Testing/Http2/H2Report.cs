namespace Ips.Testing.Http2;

/// <summary>What a load over HTTP/2 saw.</summary>
/// <param name="Responses">Whole responses with status 200.</param>
/// <param name="Failed">Requests without one.</param>
/// <param name="Connections">Connections opened.</param>
/// <param name="Announced">Connections on which a GOAWAY with the highest id came, and the final one later.</param>
/// <param name="ClosedUntold">Connections that ended without a GOAWAY.</param>
/// <param name="Resets">Connections that ended in a RST.</param>
/// <param name="Failures">The first 20 failures.</param>
internal sealed record H2Report(long Responses, long Failed, int Connections, int Announced, int ClosedUntold, int Resets,
    IReadOnlyList<string> Failures)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"h2: {Responses} responses, {Failed} failed, {Connections} connections, {Announced} announced, {ClosedUntold} closed untold, "
            + $"{Resets} resets"
        + string.Concat(Failures.Select(failure => $"{Environment.NewLine}  {failure}"));
}
