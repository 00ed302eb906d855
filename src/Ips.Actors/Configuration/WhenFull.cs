namespace Ips.Actors.Configuration;

/// <summary>What a reload does when as many generations are alive as may be. HOCON key <c>ips.reload.when-full</c>.</summary>
public enum WhenFull
{
    /// <summary>Abort the oldest generation that still drains.</summary>
    AbortOldest,

    /// <summary>Refuse the reload.</summary>
    Refuse,
}
