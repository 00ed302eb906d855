using System.Globalization;
using Ips.Actors.Configuration;

namespace Ips.Host.Api;

/// <summary>The configuration keys of <see cref="ApiOptions"/> and <see cref="AccessLogOptions"/>.</summary>
internal static class ApiKeys
{
    private const string MaxBody = "ips.api.max-body", BodyMemory = "ips.api.body-memory";
    private const string PageSize = "ips.api.page-size", MaxPageSize = "ips.api.max-page-size";

    /// <summary>The block <c>ips.api</c>.</summary>
    internal static ConfigTable<ApiOptions> Table { get; } = new(
        [
            ConfigKey.Size<ApiOptions>(MaxBody, o => o.MaxBodySizeBytes, (o, v) => o.MaxBodySizeBytes = (int)v, // in range by then
                1024, 16 * 1024 * 1024),
            ConfigKey.Size<ApiOptions>(BodyMemory, o => o.BodyMemorySizeBytes, (o, v) => o.BodyMemorySizeBytes = (int)v, 1024 * 1024,
                1024 * 1024 * 1024),
            ConfigKey.Count<ApiOptions>(PageSize, o => o.PageSize, (o, v) => o.PageSize = v, 1, 10_000, "objects"),
            ConfigKey.Count<ApiOptions>(MaxPageSize, o => o.MaxPageSize, (o, v) => o.MaxPageSize = v, 1, 10_000, "objects"),
            ConfigKey.Choice<ApiOptions, ApiCompatibility>("ips.api.compatibility", o => o.Compatibility, (o, v) => o.Compatibility = v,
                [new("none", ApiCompatibility.None), new("gin-ips", ApiCompatibility.GinIps)]),
        ],
        [
            new(MaxBody, [BodyMemory], o => o.MaxBodySizeBytes < o.BodyMemorySizeBytes ? null : string.Create(CultureInfo.InvariantCulture,
                $"{MaxBody} is {o.MaxBodySizeBytes} bytes; it must be less than {BodyMemory}, which is {o.BodyMemorySizeBytes} bytes.")),
            new(PageSize, [MaxPageSize], o => o.PageSize <= o.MaxPageSize ? null : string.Create(CultureInfo.InvariantCulture,
                $"{PageSize} is {o.PageSize}; it must not be more than {MaxPageSize}, which is {o.MaxPageSize}.")),
        ]);

    /// <summary>The block <c>ips.access-log</c>.</summary>
    internal static ConfigTable<AccessLogOptions> AccessLog { get; } = new(
        [
            ConfigKey.Choice<AccessLogOptions, AccessLogFormat>("ips.access-log.format", o => o.Format, (o, v) => o.Format = v,
                [new("off", AccessLogFormat.Off), new("common", AccessLogFormat.Common), new("json", AccessLogFormat.Json)]),
            ConfigKey.Count<AccessLogOptions>("ips.access-log.buffer-lines", o => o.BufferLines, (o, v) => o.BufferLines = v, 16, 1_000_000,
                "lines"),
        ], []);
}
