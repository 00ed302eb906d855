namespace Ips.Testing.Reloads;

/// <summary>The program of a published app.</summary>
/// <param name="Folder">The folder that was published to.</param>
/// <param name="File">The name of the program in it; <c>dotnet</c> runs one that ends with <c>.dll</c>.</param>
internal sealed record PublishedProgram(string Folder, string File)
{
    private const string RuntimeConfig = ".runtimeconfig.json";

    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Finds it.</summary>
    /// <param name="path">A folder, or the program itself; relative to <paramref name="baseFolder"/>.</param>
    /// <param name="baseFolder">An absolute path.</param>
    /// <exception cref="ArgumentException">There is none, or more than one.</exception>
    public static PublishedProgram Find(string path, string baseFolder)
    {
        var full = Path.GetFullPath(path, baseFolder);
        if (System.IO.File.Exists(full)) return new(Path.GetDirectoryName(full)!, Path.GetFileName(full));
        if (!Directory.Exists(full)) throw new ArgumentException($"There is no published app at {full}.");
        // A single file has its runtime configuration within it.
        var apps = Directory.GetFiles(full, $"*{RuntimeConfig}").Select(file => Path.GetFileName(file)[..^RuntimeConfig.Length]).ToList();
        var names = apps.Count == 0 ? [.. Directory.GetFiles(full).Where(IsProgram).Select(file => Path.GetFileName(file))]
            : apps.Select(app => IsProgram(Path.Combine(full, app)) ? app : $"{app}.dll").ToList();
        if (names is [var name]) return new(full, name);
        var found = names.Count == 0 ? "no program" : $"several programs ({string.Join(", ", names.Order(StringComparer.Ordinal))})";
        throw new ArgumentException($"{full} has {found}; name the program of the app itself.");
    }

    private static bool IsProgram(string path) =>
        System.IO.File.Exists(path) && !Path.HasExtension(path) && (System.IO.File.GetUnixFileMode(path) & Executable) != 0;
}
