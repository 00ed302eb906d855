using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace Ips.Actors.Configuration;

/// <summary>A configuration file in HOCON.</summary>
/// <remarks>
/// A value's way: Akka's parser reads the text, the key's entry in the <see cref="ConfigTable{TOptions}"/> parses the value, checks its
/// limits and sets the
/// option, and once the command line had its say the table's rules compare the keys with each other. What uses the options takes them as
/// they are.
/// <see cref="HoconKeyLocator"/> only says where a key stands, and keeps from Akka what it would misread or forgive.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class HoconFile
{
    private readonly string _path;
    private readonly HoconLayout _layout;
    private readonly HoconValue? _root;
    private readonly IReadOnlyList<ConfigProblem> _faults;

    private HoconFile(string path, HoconLayout layout, HoconValue? root, IReadOnlyList<ConfigProblem> faults) =>
        (_path, _layout, _root, _faults) = (path, layout, root, faults);

    /// <summary>Parses a file. What is wrong with it, <see cref="Read"/> answers.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="path">The file's path, for the messages.</param>
    public static HoconFile Parse(string text, string path)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimStart('\uFEFF');
        var layout = HoconKeyLocator.Locate(text);
        if (layout.Faults.Count > 0)
            return new(path, layout, null, [.. layout.Faults.Select(fault => new ConfigProblem(path, fault.Line, null, fault.Message))]);
        try
        {
            return new(path, layout, ConfigurationFactory.ParseString(text).Root, []);
        }
#pragma warning disable CA1031 // Akka's parser also throws plain Exception and NullReferenceException for a malformed text.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new(path, layout, null, [new(path, null, null, $"it cannot be read as HOCON: {e.Message}")]);
        }
    }

    /// <summary>Sets the options that the file names.</summary>
    /// <typeparam name="TOptions">The options class.</typeparam>
    /// <param name="table">The keys; anything else in the file is a problem.</param>
    /// <param name="options">Where the values go. Values that are a problem leave it as it was.</param>
    /// <param name="baseDirectory">What relative paths are relative to, usually the file's directory; null leaves them as they are.</param>
    /// <returns>Every problem of syntax, key and value, each with its line. The rules between keys are the table's to check, once every
    /// source was read.</returns>
    public IReadOnlyList<ConfigProblem> Read<TOptions>(ConfigTable<TOptions> table, TOptions options, string? baseDirectory)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (_root is null) return _faults;
        var wrong = HoconBinding.Apply(_root, table, options, baseDirectory)
            .Select(fault => new ConfigProblem(_path, _layout.LineOf(fault.Path), string.Join('.', fault.Path), fault.Message));
        return [.. wrong.Concat(Replaced()).OrderBy(problem => problem.Line ?? 0)];
    }

    /// <summary>A problem with a key that is known to be wrong only beside others; it has the line if the key is in this file.</summary>
    /// <param name="key">The key to change.</param>
    /// <param name="message">What is wrong.</param>
    public ConfigProblem At(string key, string message)
    {
        ArgumentNullException.ThrowIfNull(key);
        var line = _layout.LineOf(key.Split('.'));
        return new(line is null ? null : _path, line, key, message);
    }

    // A key that the file gives and the tree has not: a later line put a value in the place of a block.
    private IEnumerable<ConfigProblem> Replaced() =>
        from key in _layout.Keys
        where !key.IsBlock
            && key.Path.Aggregate(_root, (at, name) => at is not null && at.IsObject() ? at.GetObject().GetKey(name) : null) is null
        let name = string.Join('.', key.Path)
        select new ConfigProblem(_path, key.Line, name,
            $"{name} has no effect: another line gives {name} or a block around it another kind of value.");
}
