using System.Globalization;

namespace Ips.Actors.Handover;

/// <summary>Protocol versions that this build speaks, and the choice of a common one.</summary>
internal static class HandoverVersion
{
    // A release may be told by its runtimeconfig.json to speak fewer, or others: that builds of two versions work together, or refuse each
    // other, has to be shown with processes. Only the author of a release can set it.
    private const string MinName = "Ips.Handover.MinVersion", MaxName = "Ips.Handover.MaxVersion";

    /// <summary>Of a welcome that is sent before hello, to every successor that was spawned, in any version: with it the listening sockets
    /// outlive the predecessor. The welcome that answers hello takes its place.</summary>
    public const int AheadOfHello = 0;

    /// <summary>The first in which a takeover gets the service's identity with its promotion, not with its welcome.</summary>
    public const int LateIdentity = 2;

    /// <summary>The first in which a predecessor tells what its drain waits for.</summary>
    public const int DrainReports = 3;

    /// <summary>The first in which upgraded connections move.</summary>
    public const int Upgrades = 4;

    /// <summary>The lowest version spoken.</summary>
    public static int Min { get; } = AppContext.GetData(MinName) is string text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;

    /// <summary>The highest version spoken.</summary>
    public static int Max { get; } = AppContext.GetData(MaxName) is string text ? int.Parse(text, CultureInfo.InvariantCulture)
        : Upgrades;

    /// <summary>The highest version that this build and the peer both speak; null if there is none.</summary>
    public static int? Choose(HelloFrame hello) => Choose(hello, Min, Max);

    /// <summary>The highest version that both speak; null if there is none.</summary>
    public static int? Choose(HelloFrame hello, int min, int max)
    {
        var version = Math.Min(hello.Max, max);
        return version >= Math.Max(hello.Min, min) && hello.Min <= hello.Max ? version : null;
    }
}
