using Ips.Actors.Configuration;

namespace Ips.Host.Auth;

/// <summary>The configuration keys of <see cref="AuthOptions"/>.</summary>
internal static class AuthKeys
{
    /// <summary>The block <c>ips.auth</c>.</summary>
    internal static ConfigTable<AuthOptions> Table { get; } = new(
        [
            ConfigKey.Duration<AuthOptions>("ips.auth.window", o => o.Window, (o, v) => o.Window = v, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)),
            ConfigKey.Flag<AuthOptions>("ips.auth.allow-anonymous-loopback", o => o.AllowAnonymousLoopback, (o, v) => o.AllowAnonymousLoopback = v),
            ConfigKey.Flag<AuthOptions>("ips.auth.allow-v1", o => o.AllowV1, (o, v) => o.AllowV1 = v),
            ConfigKey.Flag<AuthOptions>("ips.auth.allow-v2", o => o.AllowV2, (o, v) => o.AllowV2 = v),
            ConfigKey.Duration<AuthOptions>("ips.auth.key-cache", o => o.KeyCache, (o, v) => o.KeyCache = v, TimeSpan.Zero, TimeSpan.FromMinutes(1)),
            ConfigKey.Count<AuthOptions>("ips.auth.nonce-capacity", o => o.NonceCapacity, (o, v) => o.NonceCapacity = v, 1_000, 10_000_000, "nonces"),
        ], []);
}
