using Ips.Actors.Posix;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Configuration;

/// <summary>The configuration keys of Ips itself.</summary>
[SupportedOSPlatform("linux")]
internal static class IpsKeys
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1), OneHour = TimeSpan.FromHours(1),
        TenthOfASecond = TimeSpan.FromMilliseconds(100);

    /// <summary>The block <c>ips.drain</c>.</summary>
    public static ConfigTable<DrainOptions> Drain { get; } = new(
        [
            ConfigKey.Duration<DrainOptions>("ips.drain.timeout", o => o.Timeout, (o, v) => o.Timeout = v, OneSecond, OneHour),
            ConfigKey.Duration<DrainOptions>("ips.drain.lame-duck", o => o.LameDuck, (o, v) => o.LameDuck = v, TimeSpan.Zero, OneHour),
            ConfigKey.Duration<DrainOptions>("ips.drain.idle-stop", o => o.IdleStop, (o, v) => o.IdleStop = v, TimeSpan.Zero, OneHour),
            ConfigKey.Duration<DrainOptions>("ips.drain.idle-grace", o => o.IdleGrace, (o, v) => o.IdleGrace = v, TimeSpan.Zero,
                TimeSpan.FromMinutes(1)),
            ConfigKey.Duration<DrainOptions>("ips.drain.h2-pause", o => o.H2Pause, (o, v) => o.H2Pause = v, TimeSpan.Zero,
                TimeSpan.FromMinutes(1)),
            ConfigKey.Duration<DrainOptions>("ips.drain.websocket-spread", o => o.WebsocketSpread, (o, v) => o.WebsocketSpread = v,
                TimeSpan.Zero, OneHour),
        ],
        [
            new("ips.drain.lame-duck", ["ips.drain.timeout"], o => o.LameDuck < o.Timeout ? null
                : $"ips.drain.lame-duck is {DurationText.Format(o.LameDuck)}; it must be less than ips.drain.timeout, which is "
                    + $"{DurationText.Format(o.Timeout)}."),
        ]);

    /// <summary>The block <c>ips.reload</c>.</summary>
    public static ConfigTable<ReloadOptions> Reload { get; } = new(
        [
            ConfigKey.Duration<ReloadOptions>("ips.reload.ready-timeout", o => o.ReadyTimeout, (o, v) => o.ReadyTimeout = v, OneSecond,
                OneHour),
            ConfigKey.Duration<ReloadOptions>("ips.reload.probation", o => o.Probation, (o, v) => o.Probation = v, TimeSpan.Zero, OneHour),
            ConfigKey.Duration<ReloadOptions>("ips.reload.probation-max", o => o.ProbationMax, (o, v) => o.ProbationMax = v, TimeSpan.Zero,
                OneHour),
            ConfigKey.List<ReloadOptions>("ips.reload.roll-back-on", o => o.RollBackOn, (o, v) => o.RollBackOn = v,
                "a list of slower, processor and memory", word => MildEffectWords.Parse(word) is null ? $"'{word}' is none of them" : null),
            ConfigKey.Duration<ReloadOptions>("ips.reload.health-interval", o => o.HealthInterval, (o, v) => o.HealthInterval = v,
                TenthOfASecond, TimeSpan.FromMinutes(1)),
            ConfigKey.Duration<ReloadOptions>("ips.reload.kill-timeout", o => o.KillTimeout, (o, v) => o.KillTimeout = v, TenthOfASecond,
                TimeSpan.FromMinutes(10)),
            ConfigKey.Ratio<ReloadOptions>("ips.reload.max-error-ratio", o => o.MaxErrorRatio, (o, v) => o.MaxErrorRatio = v),
            ConfigKey.Count<ReloadOptions>("ips.reload.min-requests", o => o.MinRequests, (o, v) => o.MinRequests = v, 1, 1_000_000,
                "requests"),
            ConfigKey.Text<ReloadOptions>("ips.reload.health-url", o => o.HealthUrl, (o, v) => o.HealthUrl = v,
                "an absolute http or https URL, or null", url => Uri.TryCreate(url, UriKind.Absolute, out var uri)
                    && uri.Scheme is "http" or "https" ? null : ""),
            ConfigKey.List<ReloadOptions>("ips.reload.health-tags", o => o.HealthTags, (o, v) => o.HealthTags = v,
                "a list of tags", tag => string.IsNullOrWhiteSpace(tag) ? "a tag is not empty" : null),
            ConfigKey.List<ReloadOptions>("ips.reload.canary", o => o.Canary ?? CanarySteps.DefaultWords, (o, v) => o.Canary = v,
                CanarySteps.Expected, CanarySteps.Fault),
            ConfigKey.Count<ReloadOptions>("ips.reload.max-generations", o => o.MaxGenerations, (o, v) => o.MaxGenerations = v, 2, 100,
                "generations"),
            ConfigKey.Choice<ReloadOptions, WhenFull>("ips.reload.when-full", o => o.WhenFull, (o, v) => o.WhenFull = v,
                [new("abort-oldest", WhenFull.AbortOldest), new("refuse", WhenFull.Refuse)]),
            ConfigKey.Duration<ReloadOptions>("ips.reload.room-timeout", o => o.RoomTimeout, (o, v) => o.RoomTimeout = v, TimeSpan.Zero,
                TimeSpan.FromMinutes(10)),
            ConfigKey.FilePath<ReloadOptions>("ips.reload.env-file", o => o.EnvFile, (o, v) => o.EnvFile = v),
            ConfigKey.Flag<ReloadOptions>("ips.reload.last-good", o => o.LastGood, (o, v) => o.LastGood = v),
            ConfigKey.List<ReloadOptions>("ips.reload.watch", o => o.Watch, (o, v) => o.Watch = v, "a list of release and runtime",
                word => word is "release" or "runtime" ? null : $"'{word}' is neither"),
            ConfigKey.Duration<ReloadOptions>("ips.reload.watch-interval", o => o.WatchInterval, (o, v) => o.WatchInterval = v, OneSecond,
                TimeSpan.FromDays(1)),
            ConfigKey.Duration<ReloadOptions>("ips.reload.every", o => o.Every, (o, v) => o.Every = v, TimeSpan.Zero,
                TimeSpan.FromDays(366)),
            ConfigKey.Size<ReloadOptions>("ips.reload.max-memory", o => o.MaxMemory, (o, v) => o.MaxMemory = v, 0, 1L << 40),
        ], []);

    /// <summary>The block <c>ips.warmup</c>.</summary>
    public static ConfigTable<WarmupOptions> Warmup { get; } = new(
        [
            ConfigKey.List<WarmupOptions>("ips.warmup.requests", o => o.Requests, (o, v) => o.Requests = v,
                "a list of paths, each beginning with / and without spaces",
                path => path.StartsWith('/') && !path.AsSpan().ContainsAnyExceptInRange('!', '~') ? null
                    : "it must begin with / and have neither spaces nor control characters"),
            ConfigKey.Duration<WarmupOptions>("ips.warmup.timeout", o => o.Timeout, (o, v) => o.Timeout = v, TimeSpan.Zero,
                TimeSpan.FromMinutes(1)),
        ], []);

    /// <summary>The block <c>ips.listener</c>.</summary>
    public static ConfigTable<ListenerOptions> Listener { get; } = new(
        [
            ConfigKey.Count<ListenerOptions>("ips.listener.backlog", o => o.Backlog, (o, v) => o.Backlog = v, 1, 65535, "connections"),
            ConfigKey.List<ListenerOptions>("ips.listener.main-only", o => o.MainOnly, (o, v) => o.MainOnly = v,
                "a list of URLs, each with a port from 1 to 65535 or a Unix path", MainOnlyEndpoints.Fault),
            ConfigKey.Text<ListenerOptions>("ips.listener.unix-mode", o => o.UnixMode, (o, v) => o.UnixMode = v,
                "permissions in octal, from 0000 to 0777, or null", mode => UnixAccess.TryParseMode(mode, out _) ? null : ""),
            ConfigKey.Text<ListenerOptions>("ips.listener.unix-owner", o => o.UnixOwner, (o, v) => o.UnixOwner = v,
                "the name or number of a user, or null", _ => null),
            ConfigKey.Text<ListenerOptions>("ips.listener.unix-group", o => o.UnixGroup, (o, v) => o.UnixGroup = v,
                "the name or number of a group, or null", _ => null),
        ], []);

    /// <summary>The block <c>ips.websockets</c>.</summary>
    public static ConfigTable<WebSocketsOptions> Websockets { get; } = new(
        [
            ConfigKey.Size<WebSocketsOptions>("ips.websockets.max-state", o => o.MaxState, (o, v) => o.MaxState = v, 0, 1024 * 1024),
        ], []);

    /// <summary>The block <c>ips.takeover</c>.</summary>
    public static ConfigTable<TakeoverOptions> Takeover { get; } = new(
        [
            ConfigKey.FilePath<TakeoverOptions>("ips.takeover.socket", o => o.Socket, (o, v) => o.Socket = v),
            ConfigKey.Text<TakeoverOptions>("ips.takeover.group", o => o.Group, (o, v) => o.Group = v,
                "the name or number of a group, or null", _ => null),
            ConfigKey.FilePath<TakeoverOptions>("ips.takeover.from", o => o.From, (o, v) => o.From = v),
        ], []);

    /// <summary>All of them: the whole of <see cref="IpsOptions"/>.</summary>
    public static ConfigTable<IpsOptions> All { get; } = new ConfigTable<IpsOptions>(
        [
            ConfigKey.FilePath<IpsOptions>("ips.pid-file", o => o.PidFile, (o, v) => o.PidFile = v),
            ConfigKey.FilePath<IpsOptions>("ips.log-file", o => o.LogFile, (o, v) => o.LogFile = v),
            ConfigKey.Flag<IpsOptions>("ips.generation-header", o => o.GenerationHeader, (o, v) => o.GenerationHeader = v),
        ], [])
        .And(Drain.On<IpsOptions>(o => o.Drain))
        .And(Reload.On<IpsOptions>(o => o.Reload))
        .And(Warmup.On<IpsOptions>(o => o.Warmup))
        .And(Listener.On<IpsOptions>(o => o.Listener))
        .And(Websockets.On<IpsOptions>(o => o.Websockets))
        .And(Takeover.On<IpsOptions>(o => o.Takeover));
}

/// <summary>Validates <see cref="IpsOptions"/>, the nested options included, against <see cref="IpsKeys.All"/>, and lists every fault, each
/// with its key.</summary>
[SupportedOSPlatform("linux")]
internal sealed class IpsOptionsValidator : IValidateOptions<IpsOptions>
{
    public ValidateOptionsResult Validate(string? name, IpsOptions options)
    {
        var faults = IpsKeys.All.Check(options);
        return faults.Count == 0 ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(faults.Select(fault => KeyNames.In(options, fault)));
    }
}
