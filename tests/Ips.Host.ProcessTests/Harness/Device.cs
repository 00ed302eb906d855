using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>Device nodes of the test's own. See mknod(2).</summary>
internal static class Device
{
    /// <summary>Minor numbers of the memory devices, whose major number is 1.</summary>
    public const int Null = 3, Full = 7;

    /// <summary>Why none can be made here; null if one can.</summary>
    public static string? Obstacle { get; } = Probe();

    /// <summary>Makes one.</summary>
    public static void Make(string path, int minor)
    {
        if (Syscall.mknod(path, FilePermissions.S_IFCHR | (FilePermissions)0b110_110_110, (ulong)Number(minor)) != 0)
            throw new IOException($"mknod {path}: {Stdlib.strerror(Stdlib.GetLastError())}");
    }

    /// <summary>Whether a path is still this device.</summary>
    public static bool Is(string path, int minor) =>
        Syscall.lstat(path, out var stat) == 0 && (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFCHR
            && stat.st_rdev == (ulong)Number(minor);

    private static int Number(int minor) => (1 << 8) | minor;

    private static string? Probe()
    {
        var folder = Directory.CreateTempSubdirectory("ips-").FullName;
        try
        {
            Make(Path.Combine(folder, "null"), Null);
            File.WriteAllText(Path.Combine(folder, "null"), "x"); // not on a file system mounted with nodev
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"A device node cannot be made here: {e.Message}";
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>A fact that needs device nodes of its own; skipped, with the reason, where none can be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DeviceFactAttribute : FactAttribute
{
    public DeviceFactAttribute() => Skip = Device.Obstacle;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DeviceTheoryAttribute : TheoryAttribute
{
    public DeviceTheoryAttribute() => Skip = Device.Obstacle;
}
