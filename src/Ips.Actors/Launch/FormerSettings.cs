using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Launch;

/// <summary>The configuration of a predecessor, which it passes to its successor: what the successor inherits was made with
/// those values.</summary>
[SupportedOSPlatform("linux")]
internal static class FormerSettings
{
    private const string Pid = "pid"; // whose values they are: an older release passes the variable on

    /// <summary>The configuration of this generation, key by key, as its file would write it. Nothing secret is in it.</summary>
    public static IReadOnlyDictionary<string, string> Of(IpsOptions options)
    {
        var settings = IpsKeys.All.Keys.ToDictionary(key => key.Path, key => key.Show(options), StringComparer.Ordinal);
        foreach (var (key, value) in options.DescribeConfiguration?.Invoke() ?? new Dictionary<string, string>()) settings[key] = value;
        return settings;
    }

    /// <summary>The value of the environment variable.</summary>
    /// <param name="pid">The process whose configuration it is.</param>
    /// <param name="settings">The configuration.</param>
    public static string Encode(int pid, IReadOnlyDictionary<string, string> settings) => JsonSerializer.Serialize(
        new Dictionary<string, string>(settings, StringComparer.Ordinal) { [Pid] = pid.ToString(CultureInfo.InvariantCulture) },
        FormerSettingsJson.Default.DictionaryStringString);

    /// <summary>Reads the value of the environment variable.</summary>
    /// <param name="text">The value; null if it is not set.</param>
    /// <param name="pid">The predecessor.</param>
    /// <returns>Null if it does not say, or speaks of another process.</returns>
    public static IReadOnlyDictionary<string, string>? Decode(string? text, int pid)
    {
        try
        {
            return text is not null && JsonSerializer.Deserialize(text, FormerSettingsJson.Default.DictionaryStringString) is { } settings
                && settings.Remove(Pid, out var whose) && whose == pid.ToString(CultureInfo.InvariantCulture)
                && !settings.ContainsValue(null!) ? settings : null;
        }
        catch (JsonException)
        {
            return null; // somebody else's variable: nothing is known of the predecessor
        }
    }

    /// <summary>Takes the variable out of the environment, and reads it.</summary>
    /// <param name="pid">The predecessor.</param>
    public static IReadOnlyDictionary<string, string>? Claim(int pid) => Decode(HandoverVariables.Take(HandoverVariables.Settings), pid);
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class FormerSettingsJson : JsonSerializerContext;

internal static partial class ConfigurationLog
{
    [LoggerMessage(EventIds.ConfigurationChanged, LogLevel.Information, "This reload changes {Key}: it was {Old} and is now {New}.")]
    public static partial void ConfigurationChanged(this ILogger logger, string key, string old, string @new);
}
