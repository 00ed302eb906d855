namespace Ips.Testing.Fuzz;

/// <summary>What each connection must see, whatever generations come and go meanwhile. No I/O.</summary>
/// <remarks>
/// <list type="number">
/// <item>Each request has one answer, its own, in order; nothing else comes.</item>
/// <item>An answer says <c>Connection: close</c> only if the request asked for it, or an earlier one on the connection has left a body
/// unread: such a connection cannot move, and is told with its next answer. After it comes a FIN and nothing more; requests behind it have
/// no answer.</item>
/// <item>Otherwise the server never ends the connection, but in return for the client's FIN; then answers may be missing at the end, and a
/// half request may be told that it is one (400, 408).</item>
/// <item>A 100 comes at most once, and only to who expects it.</item>
/// </list>
/// </remarks>
internal static class FuzzModel
{
    /// <summary>In the id of each request that nobody has sent: it stands in a body or a trailer.</summary>
    public const string Smuggled = "smuggled";

    private const int Ok = 200;

    /// <summary>Compares.</summary>
    /// <returns>What must not be; null if all is as it must.</returns>
    public static string? Judge(FuzzScript script, FuzzObservation seen)
    {
        var requests = script.Requests;
        var untold = true;
        for (var i = 0; i < seen.Answers.Count; i++)
        {
            var answer = seen.Answers[i];
            if (!untold) return $"answer {i} came after one that said close";
            if (i >= requests.Count) return $"answer {i} came to a connection that asked {requests.Count} times";
            if (i == seen.Answers.Count - 1 && MayRefuseHalf(script, answer)) return null;

            var request = requests[i];
            if (answer.Status != Ok) return $"answer {i} has status {answer.Status}";
            if (answer.Digest != request.Answer) return $"answer {i} is not the one to {request.Id}: '{answer.Start}'";
            if (answer.Continues > (request.Expect is FuzzExpect.No ? 0 : 1)) return $"answer {i} came after {answer.Continues} times 100";
            if (request.AsksClose && !answer.Close) return $"answer {i} does not say close, as it was asked to";
            if (answer.Close && !request.AsksClose && !requests.Take(i)
                .Any(earlier => earlier.LeavesBodyUnread)) return $"answer {i} says close without need";
            untold = !answer.Close;
        }

        return JudgeEnd(script, seen, told: !untold);
    }

    /// <summary>Compares the requests that the app was given, by their ids.</summary>
    /// <param name="runs">All scripts of the run, with what was seen.</param>
    /// <param name="journal">The ids, in any order.</param>
    /// <returns>What must not be; empty if all is as it must.</returns>
    public static IReadOnlyList<string> JudgeJournal(IReadOnlyCollection<(FuzzScript Script, FuzzObservation Seen)> runs,
        IEnumerable<string> journal)
    {
        var counts = journal.CountBy(id => id).ToDictionary();
        var faults = counts.Where(count => count.Value > 1).Select(count => $"the app was given {count.Key} {count.Value} times").ToList();
        var sent = runs.SelectMany(run => run.Script.Requests.Append(run.Script.Half)).OfType<FuzzRequest>().Select(request => request.Id)
            .ToHashSet();
        faults.AddRange(counts.Keys.Where(id => !sent.Contains(id)).Select(id => $"the app was given {id} that nobody sent"));
        faults.AddRange(runs.SelectMany(run => run.Script.Requests.Zip(run.Seen.Answers))
            .Where(pair => pair.Second.Status == Ok && !counts.ContainsKey(pair.First.Id))
            .Select(pair => $"{pair.First.Id} was answered, and the app was not given it"));
        return faults;
    }

    private static string? JudgeEnd(FuzzScript script, FuzzObservation seen, bool told)
    {
        if (seen.End is FuzzEnd.TimedOut or FuzzEnd.Malformed) return $"{seen.End} after {seen.Answers.Count} answers";
        if (script.Ending is FuzzEnding.Resets or FuzzEnding.SendsFin) return null; // the client ended it, and what it has is in order
        if (seen.HasRest) return $"answer {seen.Answers.Count} was cut, or is one too many";
        if (seen.End is FuzzEnd.ServerReset) return $"reset after {seen.Answers.Count} answers";
        if (told && (seen.End is FuzzEnd.ServerFin || script.OwesBody(seen.Answers.Count - 1))) return null;
        if (told) return "no FIN followed the answer that said close";
        if (seen.End is FuzzEnd.ServerFin) return $"the server closed it after {seen.Answers.Count} answers, and had not said so";
        return seen.Answers.Count == script.Requests.Count ? null : $"{seen.Answers.Count} answers to {script.Requests.Count} requests";
    }

    // Only who has sent its FIN is known to send no more.
    private static bool MayRefuseHalf(FuzzScript script, FuzzAnswer answer) =>
        script is { Ending: FuzzEnding.SendsFin, IsCut: true } && answer is { Status: 400 or 408, Close: true };
}
