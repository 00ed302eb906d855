using System.Globalization;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Configuration;

/// <summary>Sets options from HOCON, through the table of their keys.</summary>
[SupportedOSPlatform("linux")]
internal static class HoconBinding
{
    /// <summary>Sets the options of an app that has its configuration in HOCON already: <c>builder.AddIps(o =&gt; HoconBinding.Bind(config,
    /// o))</c>.</summary>
    /// <param name="config">A configuration with a block <c>ips</c>; without one nothing changes.</param>
    /// <param name="options">Where the values go.</param>
    /// <exception cref="OptionsValidationException">A key is not known or a value not allowed; every one of them is listed.</exception>
    public static void Bind(Config config, IpsOptions options)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(options);
        if (config.IsEmpty || !config.HasPath("ips")) return;
        var root = new HoconValue();
        root.AppendValue(new HoconObject { Items = { ["ips"] = config.GetValue("ips") } });
        List<string> problems = [.. Apply(root, IpsKeys.All, options, null).Select(fault => fault.Message)];
        if (problems.Count == 0) problems.AddRange(IpsKeys.All.Check(options));
        if (problems.Count > 0) throw new OptionsValidationException(nameof(IpsOptions), typeof(IpsOptions), problems);
    }

    /// <summary>Hands each value to its key, which parses and checks it.</summary>
    /// <returns>What is wrong, with the path that it is wrong with.</returns>
    internal static IReadOnlyList<(IReadOnlyList<string> Path, string Message)> Apply<TOptions>(
        HoconValue root, ConfigTable<TOptions> table, TOptions options, string? baseDirectory)
    {
        var keys = table.Keys.ToDictionary(key => key.Path, StringComparer.Ordinal);
        List<(IReadOnlyList<string>, string)> faults = [];
        if (!root.IsEmpty) Walk(root, []);
        return faults;

        void Walk(HoconValue block, IReadOnlyList<string> path)
        {
            foreach (var (name, value) in block.GetObject().Items)
            {
                IReadOnlyList<string> inner = [.. path, name];
                var key = string.Join('.', inner);
                var isBlock = keys.Keys.Any(known => known.StartsWith($"{key}.", StringComparison.Ordinal));
                if (isBlock && value.IsObject()) Walk(value, inner);
                else if (Fault(key, value, isBlock) is { } message) faults.Add((inner, message));
            }
        }

        string? Fault(string key, HoconValue value, bool isBlock)
        {
            if (keys.TryGetValue(key, out var known)) return known.Apply(options, Convert(value, known.IsBlock), baseDirectory);
            if (isBlock) return $"{key} is {Convert(value, isBlock: false)}; it must be a block of keys, {key} {{ ... }}.";
            var nearest = KeySuggestion.Nearest(key, keys.Keys);
            return $"{key} is not a known key{(nearest is null ? "." : $"; did you mean {nearest}?")}";
        }
    }

    private static ConfigValue Convert(HoconValue value, bool isBlock)
    {
        if (value.IsObject()) return new() { Leaves = isBlock ? [.. Leaves(value, [])] : [] };
        if (value.IsArray()) return new() { Items = [.. value.GetArray().Select(item => item.GetString() ?? "")] };
        return new() { Text = value.GetString() ?? "" };
    }

    private static IEnumerable<KeyValuePair<IReadOnlyList<string>, string>> Leaves(HoconValue block, IReadOnlyList<string> below)
    {
        foreach (var (name, value) in block.GetObject().Items)
        {
            List<string> inner = [.. below, name];
            if (value.IsObject())
            {
                foreach (var leaf in Leaves(value, inner)) yield return leaf;
            }
            else if (value.IsArray())
            {
                foreach (var (index, item) in value.GetArray().Index())
                    yield return new([.. inner, index.ToString(CultureInfo.InvariantCulture)], item.GetString() ?? "");
            }
            else
            {
                yield return new(inner, value.GetString() ?? "");
            }
        }
    }
}
