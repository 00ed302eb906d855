using System.Text;
using Ips.Actors.Posix;

namespace Ips.Fleet.Security;

/// <summary>Reads and writes the small files of an agent, with errors for an operator.</summary>
internal static class FleetFiles
{
    /// <summary>Modes of a key, of what everybody may read, and of a folder with keys.</summary>
    internal const int Secret = 0b110_000_000, Public = 0b110_100_100, SecretFolder = 0b111_000_000; // 0600, 0644, 0700

    private const int MostBytes = 64 * 1024;

    /// <summary>Replaces a file as a whole.</summary>
    /// <exception cref="FleetFileException">It cannot be written.</exception>
    internal static void Write(string file, string text, int mode)
    {
        try
        {
            AtomicFile.Write(file, Encoding.UTF8.GetBytes(text), mode);
            // open(2) takes the mode less the umask, which may hide a certificate from the service's user.
            File.SetUnixFileMode(file, (UnixFileMode)mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FleetFileException($"{file} cannot be written: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Makes a folder for keys, and those above it that are missing.</summary>
    /// <exception cref="FleetFileException">It cannot be made.</exception>
    internal static void MakeFolder(string folder)
    {
        try
        {
            if (!Directory.Exists(folder)) GuardedFile.MakeFolders(folder, SecretFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FleetFileException($"The folder {folder} cannot be made: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Reads a file that decides whom this agent trusts: only root and its own user may be able to write it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="what">What it is, for a person.</param>
    /// <param name="secret">Nobody but the owner and the group may read it.</param>
    /// <exception cref="FleetFileException">It is missing, or not to be trusted.</exception>
    internal static string Read(string file, string what, bool secret)
    {
        byte[]? bytes;
        try
        {
            bytes = GuardedFile.ReadTrusted(file, MostBytes);
            if (bytes is not null && secret && (File.GetUnixFileMode(file) & (UnixFileMode.OtherRead | UnixFileMode.GroupWrite)) != 0)
                throw new FleetFileException($"{file} holds a key that every user can read. Change its mode (chmod 600 {file}), and "
                    + "make a new key if others use this machine.");
        }
        catch (Exception e) when (e is not FleetFileException && e is IOException or UnauthorizedAccessException)
        {
            throw new FleetFileException($"{file}, {what}, cannot be read: {e.Message}", e);
        }

        return bytes is not null ? Encoding.UTF8.GetString(bytes)
            : throw new FleetFileException($"{file}, {what}, does not exist. 'ips agent init' makes it for a new fleet, 'ips agent add' "
                + "for another node.");
    }
}
