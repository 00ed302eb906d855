using System.Globalization;

namespace Ips.Actors.SelfReload;

/// <summary>How much memory a second process could still have.</summary>
[SupportedOSPlatform("linux")]
internal static class MemoryRoom
{
    /// <summary>Bytes left: the least of what the machine has available, and of what each control group of this process may still
    /// take.</summary>
    public static long Bytes(string procFolder = "/proc", string groupsFolder = "/sys/fs/cgroup")
    {
        var left = Available(TryRead(Path.Combine(procFolder, "meminfo")));
        foreach (var (file, maximum, current) in Groups(TryRead(Path.Combine(procFolder, "self/cgroup")), groupsFolder))
        {
            for (var folder = file; folder.StartsWith(groupsFolder, StringComparison.Ordinal); folder = Path.GetDirectoryName(folder)!)
            {
                if (Of(maximum) is { } most && Of(current) is { } used) left = Math.Min(left, most - used);

                long? Of(string name) => Number(TryRead(Path.Combine(folder, name)));
            }
        }

        return Math.Max(0, left);
    }

    // A line of meminfo: "MemAvailable:   123 kB".
    private static long Available(string? meminfo) =>
        meminfo?.Split('\n').FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal)) is { } line
            && Number(line["MemAvailable:".Length..].Replace("kB", "", StringComparison.Ordinal)) is { } kibibytes
            ? kibibytes * 1024 : long.MaxValue;

    // Lines of "ID:CONTROLLERS:PATH"; version 2 has the ID 0 and names no controllers.
    private static IEnumerable<(string Folder, string Maximum, string Current)> Groups(string? groups, string groupsFolder)
    {
        foreach (var line in groups?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            if (line.Split(':', 3) is not [var id, var controllers, ['/', ..] path]) continue;
            path = path.TrimEnd('/');
            if (id == "0") yield return (groupsFolder + path, "memory.max", "memory.current");
            else if (controllers.Split(',').Contains("memory"))
                yield return ($"{groupsFolder}/memory{path}", "memory.limit_in_bytes", "memory.usage_in_bytes");
        }
    }

    // "max" is no limit.
    private static long? Number(string? text) =>
        long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // there is no such limit
        }
    }
}
