namespace Ips.Actors.Handover;

/// <summary>Protocol versions that this build speaks, and the choice of a common one.</summary>
internal static class HandoverVersion
{
    /// <summary>The lowest version spoken.</summary>
    public const int Min = 1;

    /// <summary>The highest version spoken.</summary>
    public const int Max = 1;

    /// <summary>The highest version that both speak; null if there is none.</summary>
    public static int? Choose(HelloFrame hello, int min = Min, int max = Max)
    {
        var version = Math.Min(hello.Max, max);
        return version >= Math.Max(hello.Min, min) && hello.Min <= hello.Max ? version : null;
    }
}
