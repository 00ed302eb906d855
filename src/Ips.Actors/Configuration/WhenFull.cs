namespace Ips.Actors.Configuration;

/// <summary>What a reload does if <see cref="ReloadOptions.MaxGenerations"/> are alive. HOCON key <c>ips.reload.when-full</c>.</summary>
public enum WhenFull
{
    /// <summary>Abort the oldest generation that still drains. Written <c>abort-oldest</c> in HOCON.</summary>
    AbortOldest,

    /// <summary>Refuse the reload. Written <c>refuse</c> in HOCON.</summary>
    Refuse,
}
