using System.Globalization;

namespace Ips.Actors.Configuration;

/// <summary>The shares of a canary, step by step: <c>ips.reload.canary</c>.</summary>
/// <param name="Percent">From 1 to 90 each, rising; none turns canaries off.</param>
/// <param name="Always">Also where the app keeps state of its clients in its process.</param>
internal sealed record CanarySteps(IReadOnlyList<int> Percent, bool Always)
{
    /// <summary>What the words must be.</summary>
    public const string Expected = "a list of shares from 1% to 90% in rising order";

    private const string AlwaysWord = "always", OffWord = "off"; // an app's JSON cannot say an empty list
    private const int FirstStepsShare = 5; // a fifth of the probation for all steps but the last
    private const int Most = 90; // above it nothing is left to compare with

    private static readonly CanarySteps s_default = new([10, 50], Always: false);
    private static readonly CanarySteps s_off = new([], Always: false);

    /// <summary>The default, as it is written.</summary>
    public static IReadOnlyList<string> DefaultWords => [.. s_default.Percent.Select(share => $"{share}%")];

    /// <summary>Those of options that were validated.</summary>
    /// <exception cref="FormatException">They are not valid.</exception>
    public static CanarySteps Of(ReloadOptions options) =>
        options.Canary is not { } words ? s_default : Fault(words) is { } fault ? throw new FormatException(fault) : Parse(words);

    /// <summary>What is wrong with the words, as a clause; null if nothing is.</summary>
    public static string? Fault(IReadOnlyList<string> words)
    {
        var least = 1;
        foreach (var word in words)
        {
            if (word is AlwaysWord or OffWord) continue;
            if (Share(word) is not { } share) return $"'{word}' is no share such as 10%";
            if (least > Most) return $"{word} follows {Most}%, the greatest share";
            if (share < least || share > Most) return $"{word} is not from {least}% to {Most}%";
            least = share + 1;
        }

        return words.Contains(OffWord) && words.Count > 1 ? $"'{OffWord}' stands alone" : null;
    }

    /// <summary>How long a step lasts that is not the last one.</summary>
    /// <param name="probation">How long all of them last.</param>
    public TimeSpan StepLength(TimeSpan probation) => probation / FirstStepsShare / (Percent.Count - 1);

    private static CanarySteps Parse(IReadOnlyList<string> words)
    {
        if (words.Count == 0 || words.Contains(OffWord)) return s_off;
        List<int> shares = [.. words.Select(Share).OfType<int>()];
        var always = words.Contains(AlwaysWord);
        return new(shares.Count == 0 ? s_default.Percent : shares, always);
    }

    private static int? Share(string word) =>
        word.EndsWith('%') && int.TryParse(word.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var share)
            ? share : null;
}
