using System.Diagnostics;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A small file system in memory. See tmpfs(5).</summary>
internal static class Tmpfs
{
    /// <summary>Why none can be mounted here; null if it can.</summary>
    public static string? Obstacle { get; } = Probe();

    /// <summary>Mounts one over an existing folder.</summary>
    /// <exception cref="IOException">It could not be mounted.</exception>
    public static void Mount(string folder, int sizeKilobytes) =>
        Run("mount", "-t", "tmpfs", "-o", $"size={sizeKilobytes}k", "tmpfs", folder);

    /// <summary>Takes it out of the file tree; who has files of it open keeps them.</summary>
    public static void Unmount(string folder) => Run("umount", "-l", folder);

    /// <summary>Fills the file system of a folder to the last byte.</summary>
    /// <returns>The file that does; its removal makes room.</returns>
    public static string Fill(string folder)
    {
        var path = Path.Combine(folder, "fill");
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        var size = 4096;
        for (long offset = 0; size > 0;)
        {
            try
            {
                RandomAccess.Write(file, new byte[size], offset);
                offset += size;
            }
            catch (IOException)
            {
                size /= 2; // the last ones may take less than a block
            }
        }

        return path;
    }

    private static string? Probe()
    {
        var folder = Directory.CreateTempSubdirectory("ips-").FullName;
        try
        {
            Mount(folder, 64);
            Unmount(folder);
            return null;
        }
        catch (IOException e)
        {
            return $"A tmpfs cannot be mounted here: {e.Message}";
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    private static void Run(string program, params IReadOnlyList<string> arguments)
    {
        try
        {
            using var process = Executable.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true });
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new IOException($"{program} {string.Join(' ', arguments)}: {errors.Trim()}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"{program}: {e.Message}", e);
        }
    }
}

/// <summary>A fact that needs a file system of its own; skipped, with the reason, where none can be mounted.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TmpfsFactAttribute : FactAttribute
{
    public TmpfsFactAttribute() => Skip = Tmpfs.Obstacle;
}
