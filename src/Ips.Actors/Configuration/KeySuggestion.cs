namespace Ips.Actors.Configuration;

/// <summary>Finds the key, the command or the option that somebody meant. Pure.</summary>
internal static class KeySuggestion
{
    /// <summary>Finds the one that is meant.</summary>
    /// <param name="unknown">What was written.</param>
    /// <param name="known">All that there are.</param>
    /// <returns>The one that is reached with the fewest typing errors (a character too many, too few or wrong, or two in the wrong order),
    /// at most one in three
    /// characters and at most two, or one in five of a long name; else the one whose last part is the same, such as
    /// <c>ips.drain.timeout</c> for
    /// <c>ips.timeout</c>; null if there is none.</returns>
    public static string? Nearest(string unknown, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(unknown);
        ArgumentNullException.ThrowIfNull(known);
        List<string> all = [.. known];
        var (best, bestDistance) = (default(string), int.MaxValue);
        foreach (var key in all)
        {
            var distance = Distance(unknown, key);
            if (distance < bestDistance) (best, bestDistance) = (key, distance);
        }
        if (best is not null && bestDistance <= Math.Max(Math.Clamp(unknown.Length / 3, 1, 2), unknown.Length / 5)) return best;

        // The right name in the wrong block, such as ips.timeout.
        var name = unknown[(unknown.LastIndexOf('.') + 1)..];
        return all.Find(key => key.EndsWith($".{name}", StringComparison.Ordinal));
    }

    // The distance of Damerau and Levenshtein, in which each place is changed once: insertions, deletions, replacements, and neighbours
    // that changed places.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }
                var least = Math.Min(rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), 1 + Math.Min(rows[i - 1, j], rows[i, j - 1]));
                var swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                rows[i, j] = swapped ? Math.Min(least, rows[i - 2, j - 2] + 1) : least;
            }
        }
        return rows[a.Length, b.Length];
    }
}
