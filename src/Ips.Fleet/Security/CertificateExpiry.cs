namespace Ips.Fleet.Security;

/// <summary>What is to be done about a certificate that ends.</summary>
internal enum ExpiryAction
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Warn the operator.</summary>
    Warn,

    /// <summary>End: TLS does not cut a connection whose certificate ends, so the agent does.</summary>
    End,
}

/// <summary>When an agent warns of the end of its certificate, and when it ends. Pure.</summary>
internal static class CertificateExpiry
{
    private static readonly int[] Days = [14, 7, 3, 1];

    /// <summary>Says what is to be done now.</summary>
    /// <param name="notAfter">When the certificate ends.</param>
    /// <param name="now">The time.</param>
    /// <param name="warned">The limit in days of the last warning; null for none.</param>
    /// <returns>The action; of a warning also the limit in days that is passed, to be given as <paramref name="warned"/> from then
    /// on.</returns>
    public static (ExpiryAction Action, int? Days) Judge(DateTimeOffset notAfter, DateTimeOffset now, int? warned)
    {
        if (now >= notAfter) return (ExpiryAction.End, warned);
        int? passed = null;
        foreach (var days in Days)
            if (notAfter - now <= TimeSpan.FromDays(days)) passed = days;
        return passed is { } limit && (warned is null || limit < warned) ? (ExpiryAction.Warn, limit) : (ExpiryAction.None, warned);
    }

    /// <summary>How long nothing changes; zero once the certificate has ended.</summary>
    public static TimeSpan NextLook(DateTimeOffset notAfter, DateTimeOffset now)
    {
        foreach (var days in Days)
            if (notAfter - TimeSpan.FromDays(days) is var at && at > now) return at - now;
        return notAfter > now ? notAfter - now : TimeSpan.Zero;
    }
}
