using System.Globalization;
using System.Text;
using Ips.Actors.Posix;
using Microsoft.Win32.SafeHandles;

namespace Ips.Actors.Files;

/// <summary>Opens files of a service for who may have more rights than the user that the service runs as: no link, hard link or FIFO that
/// another user has put in place leads to another file.</summary>
[SupportedOSPlatform("linux")]
internal static class ServiceFiles
{
    /// <summary>Opens a log file to append to it; it is made with mode 0640 if it is not there, and its folder with mode 0750 if nobody
    /// else may write to the one above it.</summary>
    /// <param name="path">Its path. Links are followed where nobody but root and this process's user can have put them.</param>
    /// <param name="user">The name of the user that the service is to run as, whose file it may be; null for none.</param>
    /// <exception cref="IOException">It cannot be opened, or is not to be trusted; the message says why.</exception>
    public static SafeFileHandle OpenLog(string path, string? user) =>
        new(GuardedFile.OpenLog(path, user is null ? null : UserAccount.Find(user)?.UserId), ownsHandle: true);

    /// <summary>Opens a regular file to read it.</summary>
    /// <param name="path">Its path; links as above.</param>
    /// <exception cref="IOException">It cannot be opened, or is not to be trusted; the message says why.</exception>
    public static SafeFileHandle OpenToRead(string path) => new(GuardedFile.OpenToRead(path), ownsHandle: true);

    /// <summary>Reads a small regular file.</summary>
    /// <param name="path">Its path; links as above.</param>
    /// <param name="limitBytes">The most bytes that it may have.</param>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="IOException">It cannot be read, or is not to be trusted; the message says why.</exception>
    public static string? TryReadText(string path, int limitBytes) => GuardedFile.Read(path, limitBytes) is { } content
        ? Encoding.UTF8.GetString(content) : null;

    /// <summary>Why a file must not decide what this process does: it belongs to somebody else than root and this process's user, or others
    /// may write to it, or may have put it there.</summary>
    /// <param name="path">Its path; links as above.</param>
    /// <returns>Null if it may, or there is none.</returns>
    public static string? TrustFault(string path) => GuardedFile.TrustFault(path);

    /// <summary>Writes what a person asked for to a path. A regular file is written beside it, brought to disk and renamed, and keeps its
    /// mode and owner: it is whole, or
    /// as it was. Into a FIFO, a device or a descriptor (<c>/dev/stdout</c>) it is written.</summary>
    /// <param name="path">Its path; links as above, and a link stays: what it leads to is replaced.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="cancellation">Ends the wait for who reads a FIFO.</param>
    /// <exception cref="IOException">It cannot be written, or is not to be trusted; the message says why.</exception>
    public static Task WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        return OutputFile.WriteAsync(path, write, cancellation);
    }

    /// <summary>A stream to what standard output, or standard error, is now (a log file that is opened later does not change it), which
    /// hides no failure:
    /// <see cref="Console"/> drops what a reader that went away does not read. Disposing it closes nothing.</summary>
    /// <param name="error">Whether standard error is meant.</param>
    public static Stream OpenStandardStream(bool error) =>
        StandardStreams.OpenPresent(error ? StandardStreams.Error : StandardStreams.Output);

    /// <summary>Tells which file a path leads to, links followed: to see later whether it is still the same one.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>A text that differs for every two files, also for one that got the inode number of another; null if there is
    /// none.</returns>
    /// <exception cref="IOException">It may not be looked at.</exception>
    public static string? TryIdentify(string path) => FileIdentity.OfTarget(path) is { } found
        ? string.Create(CultureInfo.InvariantCulture, $"{found.Device:x}:{found.Inode:x}:{found.BornAtNs:x}") : null;

    /// <summary>Readies a file that a library opens by its path: it is made, with mode 0600, if it is not there. What others can have put
    /// in its place is refused. Made by root in another user's folder, it is that user's.</summary>
    /// <param name="path">Its path; links as above.</param>
    /// <param name="companions">What the library's other files add to its name.</param>
    /// <exception cref="IOException">It cannot be made, or is not to be trusted; the message says why.</exception>
    public static void Ready(string path, params ReadOnlySpan<string> companions) => GuardedFile.Ready(path, companions);
}
