using System.Globalization;
using System.Text;

namespace Ips.Actors.Posix;

/// <summary>The file that tells an operator's <c>kill</c> whom to signal. Only who holds its <see cref="LockFile"/> may write or remove it.</summary>
internal static class PidFile
{
    /// <summary>Replaces the content as a whole: a reader sees the old or the new PID, never half of one.</summary>
    /// <param name="path">A symbolic link there is replaced, not followed.</param>
    /// <param name="pid">1 or more.</param>
    /// <exception cref="PosixException">The folder is missing (ENOENT) or not writable (EACCES, EROFS), or the disk is full (ENOSPC).</exception>
    internal static void Write(string path, int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        AtomicFile.Write(path, Encoding.ASCII.GetBytes(pid.ToString(CultureInfo.InvariantCulture) + "\n"), 0b110_100_100);
    }

    /// <summary>The PID in the file; null if there is no file or no positive number in it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static int? Read(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(path).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0 ? pid : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Removes the file if it names this PID: after a handover it names the successor and stays.</summary>
    /// <returns>Whether it was removed.</returns>
    /// <exception cref="PosixException">It names the PID but may not be removed.</exception>
    internal static bool RemoveIfNames(string path, int pid) => Read(path) == pid && AtomicFile.TryRemove(path);
}
