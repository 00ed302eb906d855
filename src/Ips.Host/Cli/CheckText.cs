using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>Shows what a configuration comes to, key by key. Pure.</summary>
internal static class CheckText
{
    /// <summary>The table; values are written as the configuration file would write them.</summary>
    internal static string Write(DaemonSettings settings)
    {
        List<(string Name, string Value)> rows = [("configuration file", settings.ConfigFile ?? "none, all keys have their defaults"),
            ("directory", settings.Directory)];
        foreach (var endpoint in settings.Endpoints) rows.Add(("endpoint", endpoint));
        rows.Add(("control socket", $"{settings.Ips.PidFile}.sock"));
        rows.AddRange(DaemonKeys.Table.Keys.Where(key => !key.IsBlock && key.Path != DaemonKeys.Urls)
            .Select(key => (key.Path, Shown(key, settings))));
        var width = rows.Max(row => row.Name.Length) + 2;
        return string.Join(Environment.NewLine, ["The configuration is valid. This would be used:",
            .. rows.Select(row => $"  {row.Name.PadRight(width)}{TerminalText.Line(row.Value)}")]);
    }

    private static string Shown(ConfigKey<DaemonSettings> key, DaemonSettings settings) =>
        key.Show(settings) is not "null" and var value ? value : "none";
}
