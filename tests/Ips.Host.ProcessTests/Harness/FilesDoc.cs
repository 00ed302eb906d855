namespace Ips.Host.ProcessTests.Harness;

/// <summary>The table of files in docs/files.md.</summary>
internal static class FilesDoc
{
    /// <summary>The rows: path, what, made by, mode, if somebody removes it, removed by.</summary>
    public static IReadOnlyList<string[]> Files() =>
    [
        .. File.ReadLines(Path.Combine(SourceTree(), "docs", "files.md"))
            .SkipWhile(line => !line.StartsWith("| path |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)),
    ];

    private static string SourceTree()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ips.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("There is no ips.sln above the tests.");
    }
}
