using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Ips.Actors.Posix;

/// <summary>The file that tells an operator's <c>kill</c> whom to signal. Only who holds its <see cref="LockFile"/> may write or remove
/// it.</summary>
[SupportedOSPlatform("linux")]
internal static class PidFile
{
    private const int MaxContentBytes = 64; // of what we wrote; whatever else is there is cut off

    /// <summary>Replaces the content as a whole: a reader sees the old or the new PID, never half of one.</summary>
    /// <param name="path">A symbolic link there is replaced, not followed.</param>
    /// <param name="pid">1 or more.</param>
    /// <exception cref="IOException">The folder is missing (ENOENT) or not writable (EACCES, EROFS), or the disk is full and there is no
    /// file to write over.</exception>
    internal static void Write(string path, int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        var content = Encoding.ASCII.GetBytes(pid.ToString(CultureInfo.InvariantCulture) + "\n");
        try
        {
            AtomicFile.Write(path, content, 0b110_100_100);
        }
        catch (PosixException e) when (e.Errno is Errno.ENOSPC or Errno.EDQUOT && File.Exists(path))
        {
            Overwrite(path, content);
        }
    }

    /// <summary>Writes over the file that is there, which takes no room on a full disk: left as it is, it would name a process that
    /// ends.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void Overwrite(string path, ReadOnlySpan<byte> content)
    {
        using var place = GuardedPath.Walk(path, followLast: false);
        using var file = new SafeFileHandle(place.Open(Libc.O_WRONLY), ownsHandle: true);
        // One write of the whole old length first: a reader in between sees this PID and empty lines, not the rest of a longer one.
        var old = RandomAccess.GetLength(file);
        var padded = new byte[Math.Clamp(old, content.Length, MaxContentBytes)];
        padded.AsSpan().Fill((byte)'\n');
        content.CopyTo(padded);
        RandomAccess.Write(file, padded, 0);
        RandomAccess.SetLength(file, content.Length);
    }

    /// <summary>The PID in the file; null if there is no file or no positive number in it.</summary>
    /// <exception cref="IOException">It cannot be read, or is no regular file.</exception>
    internal static int? Read(string path) =>
        GuardedFile.Read(path, MaxContentBytes) is { } content
        && int.TryParse(Encoding.UTF8.GetString(content).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && pid > 0 ? pid : null;

    /// <summary>Removes the file if it names this PID: after a handover it names the successor and stays.</summary>
    /// <returns>Whether it was removed.</returns>
    /// <exception cref="PosixException">It names the PID but may not be removed.</exception>
    internal static bool RemoveIfNames(string path, int pid) => Read(path) == pid && AtomicFile.TryRemove(path);
}
