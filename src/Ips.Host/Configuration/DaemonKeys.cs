using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Configuration;

/// <summary>Every configuration key of the daemon. A room that has options adds its table here with
/// <c>And(Its.Keys.On&lt;DaemonSettings&gt;(s => s.Its))</c>.</summary>
internal static class DaemonKeys
{
    internal const string Urls = "ips.urls", PidFile = "ips.pid-file", LogFile = "ips.log-file", LogFormat = "ips.log.format",
        Kestrel = "ips.kestrel", User = "ips.user", Group = "ips.group", TakeoverFrom = "ips.takeover.from",
        MetricsUrl = "ips.metrics.url";

    private const string UrlsExpected = "a list of http or https URLs, each with a port from 0 to 65535";

    /// <summary>The keys and the rules between them.</summary>
    internal static ConfigTable<DaemonSettings> Table { get; } = new ConfigTable<DaemonSettings>(
        [
            ConfigKey.List<DaemonSettings>(Urls, s => s.Urls, (s, urls) => (s.Urls, s.UrlsGiven) = (urls, true), UrlsExpected,
                EndpointUrl.Fault),
            ConfigKey.Text<DaemonSettings>(User, s => s.User, (s, v) => s.User = v, "the name of a user, or null", NameFault),
            ConfigKey.Text<DaemonSettings>(Group, s => s.Group, (s, v) => s.Group = v, "the name of a group, or null", NameFault),
            ConfigKey.Choice<DaemonSettings, LogLevel>("ips.log.level", s => s.LogLevel, (s, v) => s.LogLevel = v,
            [
                new("trace", LogLevel.Trace), new("debug", LogLevel.Debug), new("information", LogLevel.Information),
                new("warning", LogLevel.Warning), new("error", LogLevel.Error), new("critical", LogLevel.Critical),
                new("none", LogLevel.None),
            ]),
            ConfigKey.Choice<DaemonSettings, LineFormat>(LogFormat, s => s.LogFormat, (s, v) => s.LogFormat = v,
                [new("line", LineFormat.Line), new("json", LineFormat.Json)]),
            ConfigKey.Text<DaemonSettings>(MetricsUrl, s => s.MetricsUrl, (s, v) => s.MetricsUrl = v is "" ? null : v,
                "an http URL of this machine's loopback with a port from 1 to 65535, or null", MetricsEndpoint.Fault),
            ConfigKey.Block<DaemonSettings>(Kestrel, KestrelBlock.Apply, _ => "{}",
                "a block with Endpoints, EndpointDefaults and Certificates, as Kestrel reads them"),
        ],
        [
            new(Urls, [Kestrel], s => s.Urls.Count > 0 || s.KestrelUrls.Any() ? null
                : $"{Urls} is []; it must name at least one address, or {Kestrel}.Endpoints must."),
            new(Urls, [Kestrel], s => s.Urls.Count == 0 || !s.KestrelUrls.Any() ? null
                : $"{Urls} is {string.Join(';', s.Urls)}; it must be [] as {Kestrel}.Endpoints names the endpoints, and Kestrel would "
                    + "serve those alone."),
            new(MetricsUrl, [Urls, Kestrel], s => s.MetricsUrl is not { } url || !s.Urls.Concat(s.KestrelUrls).Any(other =>
                MetricsEndpoint.PortOf(other) == MetricsEndpoint.PortOf(url)) ? null
                : $"{MetricsUrl} is {url}; its port must be another than those of {Urls} and {Kestrel}.Endpoints."),
        ])
        .And(IpsKeys.All.On<DaemonSettings>(s => s.Ips))
        .And(InventoryKeys.Table.On<DaemonSettings>(s => s.Store))
        .And(AuthKeys.Table.On<DaemonSettings>(s => s.Auth))
        .And(ApiKeys.Table.On<DaemonSettings>(s => s.Api))
        .And(ApiKeys.AccessLog.On<DaemonSettings>(s => s.AccessLog));

    private static string? NameFault(string name) => name.Any(c => char.IsWhiteSpace(c) || c is ':' or '/' or '\0')
        ? "a name has no blanks, colons or slashes" : null;

    /// <summary>A key by its path.</summary>
    internal static ConfigKey<DaemonSettings> Of(string path) => Table.Keys.Single(key => key.Path == path);
}
