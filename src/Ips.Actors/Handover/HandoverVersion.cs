using System.Globalization;

namespace Ips.Actors.Handover;

/// <summary>Protocol versions that this build speaks, and the choice of a common one.</summary>
internal static class HandoverVersion
{
    // A release may be told by its runtimeconfig.json to speak others: there is one version so far, and that builds of two get on with each other, or refuse each
    // other, has to be shown with processes before there is a second. Nobody but who writes the release can set it, and its packets are the same.
    private const string MinName = "Ips.Handover.MinVersion", MaxName = "Ips.Handover.MaxVersion";

    /// <summary>Of a welcome that is sent before hello, to every successor that was spawned, in any version: with it the listening sockets outlive the
    /// predecessor. The welcome that answers hello takes its place.</summary>
    public const int AheadOfHello = 0;

    /// <summary>The lowest version spoken.</summary>
    public static int Min { get; } = AppContext.GetData(MinName) is string text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;

    /// <summary>The highest version spoken.</summary>
    public static int Max { get; } = AppContext.GetData(MaxName) is string text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;

    /// <summary>The highest version that this build and the peer both speak; null if there is none.</summary>
    public static int? Choose(HelloFrame hello) => Choose(hello, Min, Max);

    /// <summary>The highest version that both speak; null if there is none.</summary>
    public static int? Choose(HelloFrame hello, int min, int max)
    {
        var version = Math.Min(hello.Max, max);
        return version >= Math.Max(hello.Min, min) && hello.Min <= hello.Max ? version : null;
    }
}
