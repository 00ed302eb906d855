using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Configuration;

/// <summary>Everything that the daemon was told: the configuration file, overridden by the command line, its paths absolute.</summary>
internal sealed class DaemonSettings
{
    /// <summary>The section of <see cref="ToConfiguration"/> that Kestrel reads.</summary>
    internal const string KestrelSection = "Kestrel";

    internal DaemonSettings() => Ips = new()
    {
        HasHoconKeys = true,
        DescribeConfiguration = Describe,
        GenerationHeader = true,
        Warmup = { Requests = ["/ping"] },
    };

    /// <summary>What <c>AddIps</c> works by.</summary>
    public IpsOptions Ips { get; }

    /// <summary>Where the inventory lies.</summary>
    public InventoryOptions Store { get; } = new();

    /// <summary>Who may ask the inventory.</summary>
    public AuthOptions Auth { get; } = new();

    /// <summary>Bounds of a request to the inventory.</summary>
    public ApiOptions Api { get; } = new();

    /// <summary>The access log.</summary>
    public AccessLogOptions AccessLog { get; } = new();

    /// <summary>The addresses to serve. Empty if <see cref="Kestrel"/> names endpoints.</summary>
    public IReadOnlyList<string> Urls { get; set; } = ["http://127.0.0.1:8080"];

    /// <summary>Whether the file or the command line set <see cref="Urls"/>, so that endpoints of Kestrel's do not replace it in
    /// silence.</summary>
    public bool UrlsGiven { get; set; }

    /// <summary>The user that the daemon runs as if root starts it; null if none is configured, and then root does not start it.</summary>
    public string? User { get; set; }

    /// <summary>The group in place of the user's own; null for that.</summary>
    public string? Group { get; set; }

    /// <summary>The least important events that are logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>The form of the log's lines.</summary>
    public LineFormat LogFormat { get; set; } = LineFormat.Line;

    /// <summary>Where <c>/metrics</c> is served; null for nowhere.</summary>
    public string? MetricsUrl { get; set; }

    /// <summary>The block <c>ips.kestrel</c>, flattened: <c>Kestrel:Endpoints:Public:Url</c> and so on.</summary>
    public IReadOnlyDictionary<string, string?> Kestrel { get; set; } = new Dictionary<string, string?>();

    /// <summary>What relative paths of the command line are relative to; absolute, with the symbolic links that the user named.</summary>
    public string Directory { get; set; } = "/";

    /// <summary>The configuration file; null if there is none.</summary>
    public string? ConfigFile { get; set; }

    /// <summary>Keys of the file that the command line outranks.</summary>
    public IReadOnlyList<OutrankedKey> Outranked { get; set; } = [];

    /// <summary>The URLs of Kestrel's own endpoints.</summary>
    internal IEnumerable<string> KestrelUrls => Kestrel.Where(pair => IsEndpointUrl(pair.Key)).Select(pair => pair.Value ?? "");

    /// <summary>All addresses that will be served.</summary>
    internal IReadOnlyList<string> Endpoints => [.. Urls, .. KestrelUrls, .. MetricsUrl is { } url ? [url] : Array.Empty<string>()];

    /// <summary>What the web host reads from its configuration: urls, Kestrel's section, the log levels, and for <c>AddIps</c>, which needs
    /// it ahead of all
    /// options, whom to take over from.</summary>
    internal IReadOnlyDictionary<string, string?> ToConfiguration()
    {
        // At information ASP.NET Core tells each request; that would bury the story of a reload.
        var framework = LogLevel <= LogLevel.Debug || LogLevel > LogLevel.Warning ? LogLevel : LogLevel.Warning;
        var configuration = new Dictionary<string, string?>(Kestrel)
        {
            ["urls"] = string.Join(';', MetricsUrl is { } url && Urls.Count > 0 ? Urls.Append(url) : Urls),
            ["Ips:Takeover:From"] = Ips.Takeover.From,
            ["Logging:LogLevel:Default"] = LogLevel.ToString(),
            ["Logging:LogLevel:Microsoft"] = framework.ToString(),
            ["Logging:LogLevel:System"] = framework.ToString(),
        };
        if (Urls.Count == 0 && MetricsUrl is not null) configuration[$"{KestrelSection}:Endpoints:Metrics of ips:Url"] = MetricsUrl;
        return configuration;
    }

    // Values that the command line overrides are not in effect, but a user who changes one in the file must learn that it has no effect.
    private Dictionary<string, string> Describe() =>
        DaemonKeys.Table.Keys.Where(key => !key.IsBlock).Select(key => (key.Path, Value: key.Show(this)))
            .Concat(Outranked.Select(key => ($"{key.Key} of the configuration file, which {key.Option} outranks", key.Value)))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal);

    private static bool IsEndpointUrl(string key) =>
        key.Split(':') is [_, var section, _, var name] && section.Equals("Endpoints", StringComparison.OrdinalIgnoreCase)
        && name.Equals("Url", StringComparison.OrdinalIgnoreCase);
}
