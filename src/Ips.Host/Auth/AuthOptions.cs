using Ips.Actors.Configuration;

namespace Ips.Host.Auth;

/// <summary>Who may ask. HOCON block <c>ips.auth</c>.</summary>
internal sealed class AuthOptions
{
    /// <summary>How long a signed request is valid: <c>0 &lt;= now - expires &lt; Window</c>. From 1 s to 5 min. Default 10 s, what
    /// existing clients expect.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether, as long as no key exists, unsigned requests from a loopback address may read and write. Default false;
    /// the sample configuration says true for a first try. Not for use behind a proxy on the same machine: all its requests come from
    /// loopback.</summary>
    public bool AllowAnonymousLoopback { get; set; }

    /// <summary>Whether the signature scheme v1 (HMAC-SHA1, can be replayed within the window) is accepted. Default true, for existing
    /// clients.</summary>
    public bool AllowV1 { get; set; } = true;

    /// <summary>Whether the scheme v2 is accepted without its version 2.1: If-Match, If-None-Match and Host are not signed then.
    /// Default true, for existing clients; false from release 2.0 on.</summary>
    public bool AllowV2 { get; set; } = true;

    /// <summary>How long a change of the keys may take to be seen. From 0 (each request looks) to 1 min. Default 1 s.</summary>
    public TimeSpan KeyCache { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Most nonces of v2 and v2.1 kept at once; more requests within one window are refused. One key may hold as many as are free,
    /// alone half of them. From 1,000 to 10,000,000. Default 100,000: 5,000 requests a second of one key with the default window, some 10
    /// MB.</summary>
    public int NonceCapacity { get; set; } = 100_000;
}

/// <summary>The configuration keys of <see cref="AuthOptions"/>.</summary>
internal static class AuthKeys
{
    /// <summary>The block <c>ips.auth</c>.</summary>
    internal static ConfigTable<AuthOptions> Table { get; } = new(
        [
            ConfigKey.Duration<AuthOptions>("ips.auth.window", o => o.Window, (o, v) => o.Window = v, TimeSpan.FromSeconds(1),
                TimeSpan.FromMinutes(5)),
            ConfigKey.Flag<AuthOptions>("ips.auth.allow-anonymous-loopback", o => o.AllowAnonymousLoopback,
                (o, v) => o.AllowAnonymousLoopback = v),
            ConfigKey.Flag<AuthOptions>("ips.auth.allow-v1", o => o.AllowV1, (o, v) => o.AllowV1 = v),
            ConfigKey.Flag<AuthOptions>("ips.auth.allow-v2", o => o.AllowV2, (o, v) => o.AllowV2 = v),
            ConfigKey.Duration<AuthOptions>("ips.auth.key-cache", o => o.KeyCache, (o, v) => o.KeyCache = v, TimeSpan.Zero,
                TimeSpan.FromMinutes(1)),
            ConfigKey.Count<AuthOptions>("ips.auth.nonce-capacity", o => o.NonceCapacity, (o, v) => o.NonceCapacity = v, 1_000, 10_000_000,
                "nonces"),
        ], []);
}
