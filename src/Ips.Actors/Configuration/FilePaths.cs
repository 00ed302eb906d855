namespace Ips.Actors.Configuration;

/// <summary>Joins paths without looking at the file system.</summary>
internal static class FilePaths
{
    /// <summary>Makes a path absolute, and leaves each <c>..</c> and symbolic link in it to the kernel.</summary>
    /// <param name="directory">What a relative path is relative to; null leaves it relative.</param>
    /// <param name="path">The path.</param>
    /// <remarks><see cref="Path.GetFullPath(string)"/> would drop <c>current/..</c>, which is another place if <c>current</c> is a
    /// link.</remarks>
    public static string Resolve(string? directory, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (directory is null || path.StartsWith('/')) return path;
        while (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..].TrimStart('/');
        return path is "" or "." ? directory : $"{directory.TrimEnd('/')}/{path}";
    }
}
