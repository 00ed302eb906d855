namespace Ips.Testing.WebSockets;

/// <summary>What a load of WebSockets saw.</summary>
/// <param name="Echoes">Messages that came back as they were sent.</param>
/// <param name="Failed">Connects refused, and WebSockets that ended without a Close, or with another code than 1001.</param>
/// <param name="GoneAway">Closes with 1001.</param>
/// <param name="Resets">Connections that ended in a RST.</param>
/// <param name="CloseTimes">When each 1001 came, since the load's begin.</param>
/// <param name="Failures">The first 20 failures.</param>
internal sealed record WebSocketReport(long Echoes, long Failed, int GoneAway, int Resets, IReadOnlyList<TimeSpan> CloseTimes,
    IReadOnlyList<string> Failures)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"WebSockets: {Echoes} echoes, {Failed} failed, {GoneAway} closed with 1001, {Resets} resets"
            + string.Concat(Failures.Select(failure => $"{Environment.NewLine}  {failure}"));
}
