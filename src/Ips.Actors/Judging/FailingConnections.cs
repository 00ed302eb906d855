namespace Ips.Actors.Judging;

/// <summary>Which errors count: a client whose requests fail in either generation must not decide a reload. Pure.</summary>
internal sealed class FailingConnections
{
    /// <summary>Errors of one connection that count.</summary>
    public const int MaxErrors = 5;

    private const int UsualShare = 4; // where more than one connection of four fails, errors are not of single clients
    private const int ManyConnections = 200; // from here on chance does not give one generation most of the clients that fail often
    private const int TypicalTimes = 2; // as many errors as a typical connection has
    private const int MaxKnown = 10_000; // beyond, a connection is not known again

    private readonly Dictionary<long, int> _counted = [];
    private readonly HashSet<long> _after = [];
    private readonly HashSet<long> _leftOut;
    private readonly int _most;

    /// <param name="failedBefore">Errors of each connection that failed in the seconds before the reload.</param>
    /// <param name="connections">Connections that were open then.</param>
    public FailingConnections(IReadOnlyDictionary<long, int> failedBefore, int connections)
    {
        var usual = failedBefore.Count > Math.Max(1, connections / UsualShare);
        // Where errors are usual, leaving out each that had one would leave out all; what one connection counts is limited all the same.
        _leftOut = usual ? [] : [.. failedBefore.Keys];
        _most = usual && connections >= ManyConnections ? Math.Max(MaxErrors, TypicalTimes * Median(failedBefore.Values, connections))
            : MaxErrors;
    }

    /// <summary>Errors that count of each connection at most.</summary>
    public int Most => _most;

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
        var counted = Math.Min(errors, _most - known);
        if (counted <= 0) return 0;
        _counted[connection] = known + counted;
        if (after) _after.Add(connection);
        return counted;
    }

    private static int Median(IEnumerable<int> errors, int connections) =>
        errors.OrderDescending().ElementAtOrDefault(connections / 2); // those that did not fail have 0
}
