using System.Globalization;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Configuration;

/// <summary>Sets options from HOCON, through the table of their keys.</summary>
internal static class HoconBinding
{
    /// <summary>Reads the text of a configuration file into options.</summary>
    /// <typeparam name="TOptions">The options class.</typeparam>
    /// <param name="text">The file's text.</param>
    /// <param name="file">The file's path, for the messages.</param>
    /// <param name="table">The keys; anything else in the file is a problem.</param>
    /// <param name="options">Where the values go. Values that are a problem leave it as it was.</param>
    /// <param name="baseDirectory">What relative paths are relative to, usually the file's directory; null leaves them as they are.</param>
    /// <returns>Every problem of syntax, key and value, each with its line. The rules between keys are not checked yet: see <see cref="CheckRules"/>.</returns>
    public static IReadOnlyList<ConfigProblem> Read<TOptions>(string text, string file, ConfigTable<TOptions> table, TOptions options, string? baseDirectory)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(table);
        var layout = HoconKeyLocator.Locate(text);
        if (layout.Faults.Count > 0) return [.. layout.Faults.Select(fault => new ConfigProblem(file, fault.Line, null, fault.Message))];

        HoconValue root;
        try
        {
            root = ConfigurationFactory.ParseString(text).Root;
        }
#pragma warning disable CA1031 // Akka's parser also throws plain Exception and NullReferenceException for a malformed text.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return [new(file, null, null, $"it cannot be read as HOCON: {e.Message}")];
        }
        var misread = Misread(root, layout, file, [.. table.Keys.Where(key => key.IsSecret).Select(key => key.Path)]);
        var wrong = new Binding<TOptions>(file, layout, table, options, baseDirectory).Run(root);
        return [.. wrong.Where(problem => misread.TrueForAll(other => other.Key != problem.Key)).Concat(misread).OrderBy(problem => problem.Line ?? 0)];
    }

    // Two readers that disagree mean a form that one of them does not know: better refused than taken for something else.
    private static List<ConfigProblem> Misread(HoconValue? root, HoconLayout layout, string file, HashSet<string> secrets)
    {
        List<ConfigProblem> problems = [];
        foreach (var key in layout.Keys.GroupBy(k => string.Join('\0', k.Path)).Select(same => same.Last()).Where(k => k.Kind == HoconKind.Scalar))
        {
            var value = key.Path.Aggregate(root, (at, name) => at is not null && at.IsObject() ? at.GetObject().GetKey(name) : null);
            var (written, read) = (key.Scalar!, value is null || value.IsObject() || value.IsArray() ? null : value.GetString() ?? "");
            if (read is not null && (Squeezed(read) == Squeezed(written) || (read.Length == 0 && written == "null"))) continue;
            var name = string.Join('.', key.Path);
            problems.Add(new(file, key.Line, name, read is null
                ? $"{name} has no effect: another line gives {name} or a block around it another kind of value."
                : $"the value of {name} is read as {(secrets.Contains(name) ? "something else" : $"'{read}'")}; put it in double quotes."));
        }
        return problems;
    }

    private static string Squeezed(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Checks the rules between keys once every source has been read, and points at the line of the key to change.</summary>
    /// <typeparam name="TOptions">The options class.</typeparam>
    /// <param name="text">The file's text; null if there is no file.</param>
    /// <param name="file">The file's path.</param>
    /// <param name="table">The rules.</param>
    /// <param name="options">The merged values.</param>
    /// <param name="problems">What is known already; a rule whose keys are among it is passed over.</param>
    public static IReadOnlyList<ConfigProblem> CheckRules<TOptions>(string? text, string? file, ConfigTable<TOptions> table, TOptions options,
        IReadOnlyList<ConfigProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(table);
        var broken = table.Rules.Where(rule => rule.CanJudge(key => problems.Any(problem => problem.Key == key)))
            .Select(rule => (rule.Key, Message: rule.Check(options))).Where(rule => rule.Message is not null).ToList();
        if (broken.Count == 0) return [];
        var layout = text is null ? null : HoconKeyLocator.Locate(text);
        return [.. broken.Select(rule =>
        {
            var line = layout?.LineOf(rule.Key.Split('.')) ?? 0;
            return new ConfigProblem(line > 0 ? file : null, line > 0 ? line : null, rule.Key, rule.Message!);
        })];
    }

    /// <summary>Sets the options of an app that has its configuration in HOCON already: <c>builder.AddIps(o =&gt; HoconBinding.Bind(config, o))</c>.</summary>
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
        List<string> problems = [.. new Binding<IpsOptions>(null, null, IpsKeys.All, options, null).Run(root).Select(problem => problem.Message)];
        if (problems.Count == 0) problems.AddRange(IpsKeys.All.Check(options));
        if (problems.Count > 0) throw new OptionsValidationException(nameof(IpsOptions), typeof(IpsOptions), problems);
    }

    private sealed class Binding<TOptions>(string? file, HoconLayout? layout, ConfigTable<TOptions> table, TOptions options, string? baseDirectory)
    {
        private readonly Dictionary<string, ConfigKey<TOptions>> _keys = table.Keys.ToDictionary(key => key.Path, StringComparer.Ordinal);
        private readonly List<ConfigProblem> _problems = [];

        internal List<ConfigProblem> Run(HoconValue root)
        {
            if (root is { IsEmpty: false }) Walk(root, []);
            return _problems;
        }

        private void Walk(HoconValue block, IReadOnlyList<string> path)
        {
            foreach (var (name, value) in block.GetObject().Items)
            {
                List<string> inner = [.. path, name];
                var key = string.Join('.', inner);
                if (_keys.TryGetValue(key, out var known))
                {
                    var message = known.Apply(options, Convert(value, known.IsBlock), baseDirectory);
                    if (message is not null) Add(inner, key, message);
                }
                else if (value.IsObject() && _keys.Keys.Any(k => k.StartsWith($"{key}.", StringComparison.Ordinal)))
                {
                    Walk(value, inner);
                }
                else if (_keys.Keys.Any(k => k.StartsWith($"{key}.", StringComparison.Ordinal)))
                {
                    Add(inner, key, $"{key} is {Convert(value, isBlock: false)}; it must be a block of keys, {key} {{ ... }}.");
                }
                else
                {
                    var nearest = KeySuggestion.Nearest(key, _keys.Keys);
                    Add(inner, key, $"{key} is not a known key{(nearest is null ? "." : $"; did you mean {nearest}?")}");
                }
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

        private void Add(List<string> path, string key, string message)
        {
            // A block that was never opened by itself (ips.drian.timeout = 1s) is found at its first key.
            var line = layout?.LineOf(path) is > 0 and var own ? own
                : layout?.Keys.FirstOrDefault(k => k.Path.Count > path.Count && k.Path.Take(path.Count).SequenceEqual(path, StringComparer.Ordinal))?.Line;
            _problems.Add(new(file, line, key, message));
        }
    }
}
