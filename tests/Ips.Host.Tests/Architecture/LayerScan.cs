using System.Text.RegularExpressions;
using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>Finds arrows that run upwards: a folder of a project may use the folders of the layers below its own, and no other.</summary>
/// <param name="project">The project's root namespace, whose folder under <c>src</c> has the same name.</param>
/// <param name="layers">Its layers from the bottom up, each with its folders separated by spaces.</param>
internal sealed class LayerScan(string project, params string[] layers)
{
    private readonly Dictionary<string, int> _heights = layers
        .SelectMany((layer, height) => layer.Split(' ').Select(folder => (folder, height)))
        .ToDictionary(one => one.folder, one => one.height);

    private readonly Regex _whole = new($@"\b{Regex.Escape(project)}\.(\w+)");

    // Within the project this part of a name is enough. It counts if the folder has such a file: many a property is called like a folder.
    private readonly Regex _part = new($@"(?<![\w.])({string.Join('|', layers).Replace(' ', '|')})\.(\w+)");

    /// <summary>Every folder of a layer.</summary>
    public IReadOnlyCollection<string> Folders => _heights.Keys;

    /// <summary>The project's folders as they are.</summary>
    public IEnumerable<string> FoldersOnDisk() =>
        Directory.GetDirectories(SourcePath).Select(Path.GetFileName).OfType<string>().Where(name => name is not ("bin" or "obj"));

    /// <summary>The lines of a folder's files that use a folder they must not, each behind its file's name.</summary>
    /// <exception cref="InvalidOperationException">The folder has no file.</exception>
    public IReadOnlyList<string> UpwardsFrom(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(SourcePath, folder), "*.cs", SearchOption.AllDirectories);
        if (files.Length == 0) throw new InvalidOperationException($"The folder {folder} of {project} has no file.");
        return [.. files.SelectMany(file => Upwards(folder, File.ReadAllText(file)).Select(line => $"{Path.GetFileName(file)}: {line}"))];
    }

    /// <summary>The lines of a source that use a folder which one of <paramref name="folder"/> must not. Comments do not count.</summary>
    public IEnumerable<string> Upwards(string folder, string source) => source.Split('\n')
        .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            && Used(line).Any(used => used != folder && _heights.GetValueOrDefault(used, -1) >= _heights[folder]));

    private IEnumerable<string> Used(string line) => _whole.Matches(line).Select(match => match.Groups[1].Value)
        .Concat(_part.Matches(line).Where(IsType).Select(match => match.Groups[1].Value));

    private bool IsType(Match match) => File.Exists(Path.Combine(SourcePath, match.Groups[1].Value, match.Groups[2].Value + ".cs"));

    private string SourcePath => Path.Combine(SourceTree.Root, "src", project);
}
