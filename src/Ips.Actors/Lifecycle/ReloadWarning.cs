namespace Ips.Actors.Lifecycle;

/// <summary>The warnings of a receipt, for a person. Pure.</summary>
internal static class ReloadWarning
{
    private const int MaxPaths = 3;

    /// <summary>Both generations write to files at their own offsets.</summary>
    /// <param name="paths">The files; at least one.</param>
    public static string FilesShared(IReadOnlyList<string> paths)
    {
        var more = paths.Count > MaxPaths ? $" and {paths.Count - MaxPaths} more" : "";
        return $"both generations write to {string.Join(", ", paths.Take(MaxPaths))}{more} without O_APPEND, so they overwrite each "
            + "other's lines; use `shared: true` (Serilog), or log to stdout with Ips:LogFile (docs/exclusive-resources.md)";
    }
}
