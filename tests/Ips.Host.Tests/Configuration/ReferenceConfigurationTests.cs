using System.Reflection;
using System.Text.RegularExpressions;
using Ips.Actors.Configuration;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Configuration;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Configuration;

/// <summary>hocon/ips.conf against the table of keys against the options classes, in both directions.</summary>
public sealed partial class ReferenceConfigurationTests
{
    private static readonly string Text = ReferenceConfiguration.Text();

    [Fact]
    public void Reference_ShippedFile_IsTheOneBuiltIn() =>
        Assert.Equal(Text, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "hocon", "ips.conf")));

    [Fact]
    public void Reference_Keys_AreThoseOfTheTableEachOnce()
    {
        var (table, file) = (DaemonKeys.Table.Keys.Select(key => key.Path).ToList(), KeyLines().Select(key => key.Path).ToList());
        Assert.True(table.Order(StringComparer.Ordinal).SequenceEqual(file.Order(StringComparer.Ordinal)),
            $"hocon/ips.conf lacks: {string.Join(", ", table.Except(file))}. "
                + $"The table of keys lacks: {string.Join(", ", file.Except(table))}.");
    }

    [Fact]
    public void Reference_Values_AreTheDefaults()
    {
        var fromFile = new DaemonSettings();
        Assert.Empty(HoconFile.Parse(Text, "ips.conf").Read(DaemonKeys.Table, fromFile, "/elsewhere"));
        Assert.Empty(DaemonKeys.Table.CheckRules(fromFile, []));
        var defaults = new DaemonSettings();

        Assert.All(DaemonKeys.Table.Keys, key => Assert.Equal(key.Show(defaults), key.Show(fromFile)));
        Assert.Empty(fromFile.Kestrel);
        Assert.Equal(KeyLines().Where(key => key.Path != DaemonKeys.Kestrel).Select(key => (key.Path, key.Value)).Order(),
            DaemonKeys.Table.Keys.Where(key => !key.IsBlock).Select(key => (key.Path, key.Show(defaults))).Order());
    }

    [Fact]
    public void Reference_Comments_TellRangeAndDefault()
    {
        var defaults = new DaemonSettings();
        var comments = KeyLines().ToDictionary(key => key.Path, key => key.Comment);
        Assert.All(DaemonKeys.Table.Keys, key =>
        {
            var comment = comments[key.Path];
            var range = RangeOf().Match(key.Expected) is { Success: true } match ? match.Value : "";
            var words = key.Expected.StartsWith("one of ", StringComparison.Ordinal) ? key.Expected
                : key.Expected.StartsWith("true or false", StringComparison.Ordinal) ? "true or false" : "";
            Assert.Contains(range, comment, StringComparison.Ordinal);
            Assert.Contains(InWords(words), comment, StringComparison.OrdinalIgnoreCase);
            Assert.Contains(key.Expected.Split(' ')[1] switch
            {
                "duration" => "A duration from",
                "whole" => "A whole number of",
                "size" => "A size with a unit",
                "list" => key.Path switch
                {
                    DaemonKeys.Urls => "URL",
                    "ips.listener.main-only" => "list of URLs",
                    "ips.reload.health-tags" => "Tags in a list",
                    "ips.reload.watch" => "list of release and runtime",
                    "ips.reload.canary" => "A list of shares",
                    _ => "Paths",
                },
                "path" => "path of a file",
                "block" => "a block",
                _ => ""
            }, comment, StringComparison.Ordinal);
            if (key.Path is not (DaemonKeys.Urls or DaemonKeys.Kestrel)) Assert
                .Contains($"Default: {key.Show(defaults)}", comment, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Options_EveryPropertyOfIpsOptions_HasAKeyOfItsName() =>
        Assert.Equal(Properties(typeof(IpsOptions), "ips").Select(property => property.Path).Order(StringComparer.Ordinal),
            IpsKeys.All.Keys.Select(key => key.Path).Order(StringComparer.Ordinal));

    [Fact]
    public void Options_EveryKey_SetsThePropertyOfItsNameAndNoOther()
    {
        var properties = Properties(typeof(IpsOptions), "ips").ToList();
        Assert.All(IpsKeys.All.Keys, key =>
        {
            var options = new IpsOptions();
            var value = key.Show(options) switch
            {
                "null" => key.Path.EndsWith("url", StringComparison.Ordinal) ? "http://x/"
                    : key.Path.EndsWith("mode", StringComparison.Ordinal) ? "0660" : "/x",
                "true" => "false",
                "false" => "true",
                "4096" or "20" or "4" => "17",
                "1" => "0.5",
                "0B" => "7GiB",
                "16KiB" => "7KiB",
                ['[', ..] when key.Path == "ips.reload.watch" => "release;runtime",
                ['[', ..] when key.Path == "ips.reload.canary" => "20%;always",
                ['[', ..] when key.Path == "ips.listener.main-only" => "http://x:1;http://x:2",
                ['[', ..] => "/x;/y",
                "abort-oldest" => "refuse",
                _ => "23s",
            };
            Assert.Null(key.Apply(options, new() { Text = value }, null));
            var changed = properties.Where(property => !AreSame(property.Get(options), property.Get(new()))).ToList();
            Assert.Equal(key.Path, Assert.Single(changed).Path);
            Assert.Equal(value.Contains(';', StringComparison.Ordinal) ? $"[\"{value.Replace(";", "\", \"", StringComparison.Ordinal)}\"]"
                : value, key.Show(options));
        });
    }

    [Fact]
    public void Options_EveryKeyOfTheInventory_SetsThePropertyOfItsNameAndNoOther()
    {
        EveryKeySetsItsProperty(InventoryKeys.Table, "ips.store", new() { ["Postgres"] = "Host=h" });
        EveryKeySetsItsProperty(AuthKeys.Table, "ips.auth", []);
        EveryKeySetsItsProperty(ApiKeys.Table, "ips.api", new()
        {
            ["MaxBodySizeBytes"] = "2KiB", ["BodyMemorySizeBytes"] = "2MiB",
            ["Compatibility"] = "gin-ips"
        },
            ("max-body", "MaxBodySizeBytes"), ("body-memory", "BodyMemorySizeBytes"));
        EveryKeySetsItsProperty(ApiKeys.AccessLog, "ips.access-log", []);
    }

    [Fact]
    public void Sample_ShippedFile_IsValidAndAnswersWithoutAKeyOnThisMachineOnly()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "hocon", "sample.conf");
        var (settings, problems) = SettingsLoader.Load(new() { Config = path }, AppContext.BaseDirectory, needsLogFile: false);
        Assert.Empty(problems);
        Assert.True(settings.Auth.AllowAnonymousLoopback);
        Assert.All(settings.Endpoints, endpoint => Assert.StartsWith("http://127.0.0.1:", endpoint, StringComparison.Ordinal));
    }

    private static bool AreSame(object? one, object? other) =>
        one is IEnumerable<string> list && other is IEnumerable<string> others ? list.SequenceEqual(others) : Equals(one, other);

    // The file explains some words where a message only lists them.
    private static string InWords(string expected) => expected switch
    {
        "one of line, json" => "One of line (for people) and json",
        "one of off, common, json" => "One of off, common (the Common Log Format plus what it lacks) and json",
        _ => expected,
    };

    private static void EveryKeySetsItsProperty<TOptions>(
        ConfigTable<TOptions> table, string block, Dictionary<string, string> values,
            params (string Key, string Property)[] names) where TOptions : new()
    {
        var properties = typeof(TOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        string PathOf(PropertyInfo property) => $"{block}." + (names.FirstOrDefault(name => name.Property == property.Name).Key
            ?? Kebab().Replace(property.Name, "-$1").TrimStart('-').ToLowerInvariant());
        Assert.Equal(properties.Select(PathOf).Order(StringComparer.Ordinal),
            table.Keys.Select(key => key.Path).Order(StringComparer.Ordinal));
        Assert.All(table.Keys, key =>
        {
            var options = new TOptions();
            var property = properties.Single(p => PathOf(p) == key.Path);
            var value = values.GetValueOrDefault(property.Name) ?? property.GetValue(options) switch
            {
                null => "/x",
                bool flag => flag ? "false" : "true",
                TimeSpan => "7s",
                AccessLogFormat => "json",
                100_000 => "2000",
                _ => "17",
            };
            Assert.Null(key.Apply(options, new() { Text = value }, null));
            var changed = properties.Where(p => !Equals(p.GetValue(options), p.GetValue(new TOptions()))).ToList();
            Assert.Equal(property, Assert.Single(changed));
        });
    }

    // What each line of the file says: the whole path, the value as it is written, and the comment above.
    private static IEnumerable<(string Path, string Value, string Comment)> KeyLines()
    {
        Stack<string> blocks = new();
        List<string> comment = [];
        foreach (var line in Text.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith('#')) comment.Add(line.TrimStart('#', ' '));
            else if (line == "}") blocks.Pop();
            else if (line.EndsWith(" {", StringComparison.Ordinal)) blocks.Push(line[..^2]);
            else if (line.Length > 0)
            {
                var parts = line.Split([" = ", " "], 2, StringSplitOptions.None);
                yield return (string.Join('.', [.. blocks.Reverse(), parts[0]]), parts[1], string.Join(' ', comment));
            }
            if (!line.StartsWith('#')) comment.Clear();
        }
    }

    private static IEnumerable<(string Path, Func<IpsOptions, object?> Get)> Properties(Type type, string path)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var own = $"{path}.{Kebab().Replace(property.Name, "-$1").TrimStart('-').ToLowerInvariant()}";
            // set by a program only
            if (property.PropertyType.IsSubclassOf(typeof(Delegate)) || property.PropertyType == typeof(ISet<Type>)) continue;
            if (property.PropertyType.IsEnum || property.PropertyType.Namespace != typeof(IpsOptions).Namespace)
            {
                yield return (own, options => property.GetValue(options));
                continue;
            }
            foreach (var inner in Properties(property.PropertyType, own))
            {
                // Only one level of nesting exists; the getter of the inner one takes the inner object.
                var name = inner.Path;
                var getter = property.PropertyType.GetProperties()
                    .Single(p => $"{own}.{Kebab().Replace(p.Name, "-$1").TrimStart('-').ToLowerInvariant()}" == name);
                yield return (name, options => getter.GetValue(property.GetValue(options)));
            }
        }
    }

    [GeneratedRegex("([A-Z])")]
    private static partial Regex Kebab();

    [GeneratedRegex(@"from \S+ to \w+")]
    private static partial Regex RangeOf();
}
