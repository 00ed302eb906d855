namespace Ips.Actors.Configuration;

/// <summary>Effects that are worth a note, and roll back if the operator says so.</summary>
[Flags]
internal enum MildEffects
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Requests take 1.3 times as long.</summary>
    Slower = 1,

    /// <summary>A request takes 1.3 times as much processor time.</summary>
    Processor = 2,

    /// <summary>A request allocates 1.3 times as much memory.</summary>
    Memory = 4,
}

/// <summary>Their names in the configuration: <c>ips.reload.roll-back-on</c>.</summary>
internal static class MildEffectWords
{
    /// <summary>The effect of a name; null if it names none.</summary>
    public static MildEffects? Parse(string word) => word switch
    {
        "slower" => MildEffects.Slower,
        "processor" => MildEffects.Processor,
        "memory" => MildEffects.Memory,
        _ => null,
    };

    /// <summary>The effects of names that were validated.</summary>
    public static MildEffects Of(IReadOnlyList<string> words) =>
        words.Aggregate(MildEffects.None, (all, word) => all | (Parse(word) ?? MildEffects.None));
}
