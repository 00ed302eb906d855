using System.Net;
using Ips.Actors.Posix;

namespace Ips.Actors.Hosting;

/// <summary>Gives up root: once, before anything else of the service is started, so that all of it runs as the user.</summary>
/// <remarks>Order: sockets that only root may open; files and folders that the user will need; then groups, group and user of all threads, and
/// <c>no_new_privs</c>. A later generation is started by the user, on the inherited sockets.</remarks>
public static class Privileges
{
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101; // 0755
    private const UnixFileMode LogMode = (UnixFileMode)0b110_100_000; // 0640, as the log file is made elsewhere
    private const int WorldWrite = 0b000_000_010;

    /// <summary>What was done, for the log; null if nothing.</summary>
    internal static string? Dropped { get; private set; }

    /// <summary>Whether this process acts as root.</summary>
    public static bool IsRoot => ProcessAttributes.EffectiveUserId == 0;

    /// <summary>The name of the user that this process acts as; its number if it has no name.</summary>
    public static string CurrentUser => UserAccount.Find(ProcessAttributes.EffectiveUserId)?.Name
        ?? ProcessAttributes.EffectiveUserId.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>From now on no file of this process can be written by everybody, whatever the umask was.</summary>
    public static void DenyWorldWrite() => ProcessAttributes.SetUmask(ProcessAttributes.SetUmask(0b000_111_111) | WorldWrite);

    /// <summary>Why a service must not go on as the user that it was started by; null if it may.</summary>
    /// <param name="user">The configured user; null if none is.</param>
    /// <param name="group">The configured group; null for the user's own.</param>
    /// <param name="loopbackOnly">It listens for this machine alone: then it may be root although no user is configured.</param>
    public static string? Fault(string? user, string? group, bool loopbackOnly = false)
    {
        if (user is null)
        {
            return IsRoot && !loopbackOnly
                ? "this would serve other machines as root: set ips.user (or --user) to the user that it is to run as, or to root if that is meant" : null;
        }

        if (UserAccount.Find(user) is not { } account)
        {
            return $"ips.user is {user}; there is no such user on this machine";
        }

        if (group is not null && UserAccount.FindGroup(group) is null)
        {
            return $"ips.group is {group}; there is no such group on this machine";
        }

        return IsRoot || account.UserId == (uint)ProcessAttributes.EffectiveUserId ? null
            : $"ips.user is {user}, and this process runs as {CurrentUser}: only root can become another user";
    }

    /// <summary>Becomes the user, if this process is root and the user is another.</summary>
    /// <param name="user">A user that <see cref="Fault"/> has nothing against; null for no change.</param>
    /// <param name="group">A group in place of the user's own; null for that.</param>
    /// <param name="endpoints">Addresses that only root may listen on. Left to the predecessor in a process that has one.</param>
    /// <param name="backlog">Length of their queues.</param>
    /// <param name="folders">Folders in which the service makes files; missing ones are made, and given to the user.</param>
    /// <param name="files">Files that may be there from a time as root; those that are root's are given to the user.</param>
    /// <param name="logFile">The log file, made if it is missing; null for none.</param>
    /// <exception cref="IOException">A socket, a file or the change itself failed; or a folder is not the user's to write to. The message says which.</exception>
    public static void Drop(
        string? user, string? group, IReadOnlyList<IPEndPoint> endpoints, int backlog, IReadOnlyList<string> folders, IReadOnlyList<string> files, string? logFile)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentNullException.ThrowIfNull(files);
        if (!IsRoot || user is null || UserAccount.Find(user) is not { UserId: not 0 } account)
        {
            return;
        }

        var groupId = group is null ? account.GroupId : UserAccount.FindGroup(group)!.Value;
        var groups = account.GroupsWith(groupId);
        if (Environment.GetEnvironmentVariable(HandoverVariables.Fd) is null)
        {
            foreach (var endPoint in endpoints) EarlySockets.TryOpen(endPoint, backlog);
        }

        foreach (var folder in folders.Where(folder => !Directory.Exists(folder)))
        {
            Directory.CreateDirectory(folder, FolderMode);
            Credentials.TryGive(folder, account.UserId, groupId);
        }

        if (logFile is not null && !File.Exists(logFile))
        {
            new FileStream(logFile, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = LogMode }).Dispose();
        }

        foreach (var file in logFile is null ? files : [.. files, logFile]) Credentials.TryGive(file, account.UserId, groupId);
        Credentials.Become(account.UserId, groupId, groups);
        if (folders.FirstOrDefault(folder => !Credentials.MayWriteTo(folder)) is { } closed)
        {
            throw new IOException($"The folder {closed} is not {account.Name}'s to write to, and files of the service lie there: chown {account.Name} {closed}, or configure another (ips.user is {user}).");
        }

        Dropped = $"{account.Name} (uid {account.UserId}, gid {groupId}, groups {string.Join(' ', groups)}), no_new_privs";
    }
}
