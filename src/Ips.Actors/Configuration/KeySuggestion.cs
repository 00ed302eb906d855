namespace Ips.Actors.Configuration;

/// <summary>Finds the key that somebody meant. Pure.</summary>
internal static class KeySuggestion
{
    /// <summary>The nearest of <paramref name="known"/> by edit distance, or by the last part of its name; null if none is near.</summary>
    internal static string? Nearest(string unknown, IEnumerable<string> known)
    {
        var (best, bestDistance) = (default(string), int.MaxValue);
        foreach (var key in known)
        {
            var distance = Distance(unknown, key);
            if (distance < bestDistance) (best, bestDistance) = (key, distance);
        }
        if (best is not null && bestDistance <= Math.Max(1, unknown.Length / 5)) return best;

        // The right name in the wrong block, such as ips.timeout.
        var name = unknown[(unknown.LastIndexOf('.') + 1)..];
        return known.FirstOrDefault(key => key.EndsWith($".{name}", StringComparison.Ordinal));
    }

    // Levenshtein's distance: insertions, deletions and replacements of one character.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
