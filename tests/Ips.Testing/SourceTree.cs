namespace Ips.Testing;

/// <summary>The source tree that the tests run in.</summary>
internal static class SourceTree
{
    /// <summary>The folder that holds <c>ips.sln</c>.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ips.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of their source tree.");
    }
}
