using System.Globalization;

namespace Ips.Actors.Configuration;

/// <summary>Makes the keys of a configuration table, one factory for each type of value.</summary>
/// <remarks>Each takes the key's path, how to get and set the option, and its limits. An apply or a check answers null for "right"
/// and otherwise the reason, empty if "it must be ..." says everything.</remarks>
internal static class ConfigKey
{
    /// <summary>A duration with a unit, see <see cref="DurationText"/>.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="min">The least value allowed.</param>
    /// <param name="max">The greatest value allowed.</param>
    public static ConfigKey<T> Duration<T>(string path, Func<T, TimeSpan> get, Action<T, TimeSpan> set, TimeSpan min, TimeSpan max) =>
        Scalar(path, $"a duration with a unit, from {DurationText.Format(min)} to {DurationText.Format(max)}", get, set,
            (string text, out TimeSpan value) => DurationText.TryParse(text, out value, out var reason) ? null : reason,
            value => value >= min && value <= max ? null : "", DurationText.Format);

    /// <summary>A whole number.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="min">The least value allowed.</param>
    /// <param name="max">The greatest value allowed.</param>
    /// <param name="unit">What is counted, such as <c>connections</c> or <c>bytes</c>.</param>
    public static ConfigKey<T> Count<T>(string path, Func<T, int> get, Action<T, int> set, int min, int max, string unit) =>
        Scalar(path, string.Create(CultureInfo.InvariantCulture, $"a whole number of {unit}, from {min} to {max}"), get, set,
            (string text, out int value) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
                ? null : "",
            value => value >= min && value <= max ? null : "", value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A part of a whole, from 0 to 1.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    public static ConfigKey<T> Ratio<T>(string path, Func<T, double> get, Action<T, double> set) =>
        Scalar(path, "a number from 0 to 1", get, set,
            (string text, out double value) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out value) ? null : "",
            value => value is >= 0 and <= 1 ? null : "", value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A size in bytes with a unit, see <see cref="SizeText"/>.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option, in bytes.</param>
    /// <param name="set">Sets the option, in bytes.</param>
    /// <param name="minBytes">The least value allowed, in bytes.</param>
    /// <param name="maxBytes">The greatest value allowed, in bytes.</param>
    public static ConfigKey<T> Size<T>(string path, Func<T, long> get, Action<T, long> set, long minBytes, long maxBytes) =>
        Scalar<T, long>(path, $"a size with a unit, from {SizeText.Format(minBytes)} to {SizeText.Format(maxBytes)}",
            get, set, (string text, out long bytes) => SizeText.TryParse(text, out bytes, out var reason) ? null : reason,
            bytes => bytes >= minBytes && bytes <= maxBytes ? null : "", SizeText.Format);

    /// <summary>A switch.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    public static ConfigKey<T> Flag<T>(string path, Func<T, bool> get, Action<T, bool> set) =>
        Scalar(path, "true or false (on, off, yes and no do as well)", get, set, ParseFlag, _ => null, value => value ? "true" : "false");

    /// <summary>One of a few words.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <typeparam name="TValue">The option's type.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="words">The words and what they mean, in the order in which messages list them.</param>
    public static ConfigKey<T> Choice<T, TValue>(string path, Func<T, TValue> get, Action<T, TValue> set,
        ConfigWord<TValue>[] words)
        where TValue : struct, Enum
    {
        // At each start: no LINQ over structures, which would have to be compiled.
        string? Parse(string text, out TValue value)
        {
            foreach (var word in words)
            {
                value = word.Value;
                if (string.Equals(word.Text, text, StringComparison.OrdinalIgnoreCase)) return null;
            }

            value = words[0].Value;
            return "";
        }

        string? WordOf(TValue value) => Array.Find(words, word => word.Value.Equals(value))?.Text;
        return Scalar(path, $"one of {string.Join(", ", Array.ConvertAll(words, word => word.Text))}", get, set,
            Parse, value => WordOf(value) is null ? "" : null, value => WordOf(value) ?? value.ToString());
    }

    /// <summary>The path of a file, made absolute; not set if empty.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    public static ConfigKey<T> FilePath<T>(string path, Func<T, string?> get, Action<T, string?> set)
    {
        string? Fault(string? value) => value is not null && value.Contains('\0', StringComparison.Ordinal) ? "it contains a NUL character"
            : value is not null && value.EndsWith('/') ? "it names a directory" : null;

        return new(path, "the path of a file, or null", isBlock: false,
            (options, value, directory) =>
            {
                if (value.Text is not { } text) return "";
                if (Fault(text) is { } reason) return reason;
                set(options, text.Length == 0 ? null : FilePaths.Resolve(directory, text));
                return null;
            },
            options => Fault(get(options)), options => get(options) ?? "null");
    }

    /// <summary>Any text; not set if empty.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="expected">What the text must be, to stand after "it must be".</param>
    /// <param name="fault">Says why a text is not that (empty if there is nothing to add), or null.</param>
    /// <param name="isSecret">Whether the text may hold a password: then no message shows it, and what <paramref name="fault"/> says must
    /// not either.</param>
    public static ConfigKey<T> Text<T>(
        string path, Func<T, string?> get, Action<T, string?> set, string expected, Func<string, string?> fault, bool isSecret = false) =>
        new(path, expected, isBlock: false,
            (options, value, _) =>
            {
                if (value.Text is not { } text) return "";
                if (text.Length > 0 && fault(text) is { } reason) return reason;
                set(options, text.Length == 0 ? null : text);
                return null;
            },
            options => get(options) is { } text ? fault(text) : null, options => get(options) ?? "null", isSecret);

    /// <summary>A list of texts, or one text with semicolons between them.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="expected">What the list must be, to stand after "it must be".</param>
    /// <param name="fault">Says why an element is not right, or null.</param>
    public static ConfigKey<T> List<T>(string path, Func<T, IReadOnlyList<string>> get, Action<T, IReadOnlyList<string>> set,
        string expected, Func<string, string?> fault) =>
        List<T>(path, get, set, expected,
            (IReadOnlyList<string> items) => items.Select(fault).FirstOrDefault(reason => reason is not null));

    /// <summary>A list whose items are judged together.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the key.</param>
    /// <param name="get">Reads the option.</param>
    /// <param name="set">Writes the option.</param>
    /// <param name="expected">What the value must be, to stand after "it must be".</param>
    /// <param name="fault">What is wrong with the items; null if nothing is.</param>
    public static ConfigKey<T> List<T>(string path, Func<T, IReadOnlyList<string>> get, Action<T, IReadOnlyList<string>> set,
        string expected, Func<IReadOnlyList<string>, string?> fault)
    {
        return new(path, expected, isBlock: false,
            (options, value, _) =>
            {
                var items = value.Items ?? value.Text?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                if (items is null) return "";
                if (fault(items) is { } reason) return reason;
                set(options, items);
                return null;
            },
            options => fault(get(options)), options => $"[{string.Join(", ", get(options).Select(item => $"\"{item}\""))}]");
    }

    /// <summary>A block that is passed on whole, each leaf with its path.</summary>
    /// <typeparam name="T">The options class.</typeparam>
    /// <param name="path">The whole path of the block.</param>
    /// <param name="set">Takes the leaves and the directory that relative paths in them are relative to; answers the reason if one is
    /// wrong, or null.</param>
    /// <param name="show">The block that the options hold, as an error message would show it.</param>
    /// <param name="expected">What the block must be, to stand after "it must be".</param>
    public static ConfigKey<T> Block<T>(string path,
        Func<T, IReadOnlyList<KeyValuePair<IReadOnlyList<string>, string>>, string?, string?> set, Func<T, string> show, string expected) =>
        new(path, expected, isBlock: true,
            (options, value, directory) => value.Leaves is { } leaves ? set(options, leaves, directory) : "", _ => null, show);

    private delegate string? Parser<TValue>(string text, out TValue value);

    private static ConfigKey<T> Scalar<T, TValue>(string path, string expected, Func<T, TValue> get, Action<T, TValue> set,
        Parser<TValue> parse, Func<TValue, string?> fault, Func<TValue, string> show) =>
        new(path, expected, isBlock: false,
            (options, value, _) =>
            {
                if (value.Text is not { } text) return "";
                if ((parse(text, out var parsed) ?? fault(parsed)) is { } reason) return reason;
                set(options, parsed);
                return null;
            },
            options => fault(get(options)), options => show(get(options)));

    private static string? ParseFlag(string text, out bool value)
    {
        value = text.ToUpperInvariant() is "TRUE" or "ON" or "YES";
        return value || text.ToUpperInvariant() is "FALSE" or "OFF" or "NO" ? null : "";
    }
}

/// <summary>A word of a configuration and what it means.</summary>
/// <typeparam name="TValue">The option's type.</typeparam>
/// <param name="text">The word.</param>
/// <param name="value">The value.</param>
internal sealed class ConfigWord<TValue>(string text, TValue value)
{
    /// <summary>The word.</summary>
    public string Text => text;

    /// <summary>The value.</summary>
    public TValue Value => value;
}
