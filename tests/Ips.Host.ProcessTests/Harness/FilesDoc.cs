namespace Ips.Host.ProcessTests.Harness;

/// <summary>The table of files in docs/files.md.</summary>
internal static class FilesDoc
{
    /// <summary>The rows: path, what, made by, mode, if somebody removes it, removed by.</summary>
    public static IReadOnlyList<string[]> Files() =>
    [
        .. File.ReadLines(Path.Combine(SourceTree.Root, "docs", "files.md"))
            .SkipWhile(line => !line.StartsWith("| path |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)),
    ];
}
