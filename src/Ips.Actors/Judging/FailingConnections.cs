namespace Ips.Actors.Judging;

/// <summary>Which errors count: a client whose requests fail in either generation must not decide a reload. Pure.</summary>
internal sealed class FailingConnections
{
    /// <summary>Errors of one connection that count.</summary>
    public const int MaxErrors = 5;

    private const int UsualShare = 4; // where more than one connection of four fails, errors are not of single clients
    private const int MaxKnown = 10_000; // beyond, a connection is not known again

    private readonly Dictionary<long, int> _counted = [];
    private readonly HashSet<long> _after = [];
    private readonly HashSet<long> _leftOut;

    /// <param name="failedBefore">Errors of each connection that failed in the seconds before the reload.</param>
    /// <param name="connections">Connections that were open then.</param>
    public FailingConnections(IReadOnlyDictionary<long, int> failedBefore, int connections)
    {
        var most = Math.Max(1, connections / UsualShare);
        AreUsual = failedBefore.Count > most;
        // Where errors are usual, a poisoned client is one of those that fail most.
        _leftOut = [.. failedBefore.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Take(most).Select(pair => pair.Key)];
    }

    /// <summary>So many connections failed before the reload that each error counts.</summary>
    public bool AreUsual { get; }

    /// <summary>Connections of the successor with an error that counts.</summary>
    public int After => _after.Count;

    /// <summary>How many of the errors of a connection count.</summary>
    /// <param name="connection">Which; 0 for many together.</param>
    /// <param name="errors">Its errors.</param>
    /// <param name="after">In the successor.</param>
    public int Count(long connection, int errors, bool after)
    {
        if (connection == 0) return errors;
        if (_leftOut.Contains(connection)) return 0;
        var known = _counted.GetValueOrDefault(connection);
        if (known == 0 && _counted.Count >= MaxKnown) return errors;
        var counted = AreUsual ? errors : Math.Min(errors, MaxErrors - known);
        if (counted <= 0) return 0;
        _counted[connection] = Math.Min(MaxErrors, known + counted);
        if (after) _after.Add(connection);
        return counted;
    }
}
