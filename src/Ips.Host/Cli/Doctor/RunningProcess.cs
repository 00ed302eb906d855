using Ips.Actors.Posix;

namespace Ips.Host.Cli.Doctor;

/// <summary>What <c>ips doctor --pid</c> finds in a running process.</summary>
internal static class RunningProcess
{
    /// <summary>Why it cannot be looked at; null if it can.</summary>
    internal static string? Fault(int pid)
    {
        try
        {
            _ = Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any();
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            return $"there is no process {pid}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the files of process {pid} cannot be looked at: run this as its user, or as root";
        }
    }

    /// <summary>The files that it and another process like it would write over each other in.</summary>
    internal static IReadOnlyList<string> OverwrittenFiles(int pid) => WrittenFiles.SharedBy(pid, pid);
}
