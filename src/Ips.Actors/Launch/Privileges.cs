using System.Net;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Gives up root: once, before anything else of the service is started, so that all of it runs as the user.</summary>
/// <remarks>Order: sockets that only root may open; files and folders that the user will need; then groups, group, user and
/// <c>no_new_privs</c>. Then the program starts anew in this process, on these sockets: so no thread, and no byte of memory, is left that
/// was root's. Everything that is started from there on is the user's as well.</remarks>
[SupportedOSPlatform("linux")]
internal static class Privileges
{
    private const int FolderMode = 0b111_101_101; // 0755
    private const int WorldWrite = 0b000_000_010;

    /// <summary>What was done in this process or its parent, for the log; null if nothing.</summary>
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
                ? "this would serve other machines as root: set ips.user (or --user) to the user that it is to run as, or to root if "
                    + "that is meant" : null;
        }

        if (UserAccount.Find(user) is not { } account)
        {
            return $"ips.user is {user}; there is no such user on this machine";
        }

        var groupId = group is null ? null : UserAccount.FindGroup(group);
        if (group is not null && groupId is null)
        {
            return $"ips.group is {group}; there is no such group on this machine";
        }

        if (!IsRoot && account.UserId != (uint)ProcessAttributes.EffectiveUserId)
        {
            return $"ips.user is {user}, and this process runs as {CurrentUser}: only root can become another user; "
                + "stop the service, and let root start it";
        }

        return IsRoot || groupId is null || groupId == (uint)ProcessAttributes.GroupId ? null
            : $"ips.group is {group}, and this process has the group {ProcessAttributes.GroupId}: only root can change it; "
                + "stop the service, and let root start it";
    }

    /// <summary>Becomes the user, if this process is root and the user is another: this program then starts anew in this process, with the
    /// same arguments. In that one, and wherever there is nothing to give up, it returns.</summary>
    /// <param name="user">A user that <see cref="Fault"/> has nothing against; null for no change.</param>
    /// <param name="group">A group in place of the user's own; null for that.</param>
    /// <param name="endpoints">Addresses that only root may listen on. Left to the predecessor in a process that has one.</param>
    /// <param name="backlog">Length of their queues.</param>
    /// <param name="folders">Folders in which the service makes files; missing ones are made, and given to the user.</param>
    /// <param name="files">Files that may be there from a time as root; those that are root's are given to the user.</param>
    /// <param name="logFile">The log file, made if it is missing; null for none.</param>
    /// <exception cref="IOException">A socket, a file or the change itself failed; or a folder is not the user's to write to, or the
    /// program not the user's to execute. The message says which. This process may no longer be root then, and must end.</exception>
    public static void Drop(
        string? user, string? group, IReadOnlyList<IPEndPoint> endpoints, int backlog, IReadOnlyList<string> folders,
            IReadOnlyList<string> files, string? logFile)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentNullException.ThrowIfNull(files);
        if (!IsRoot)
        {
            var groupsNow = string.Join(' ', Credentials.Groups());
            Dropped = EarlySockets.Claim()
                ? $"{CurrentUser} (uid {ProcessAttributes.UserId}, gid {ProcessAttributes.GroupId}, groups {groupsNow}), no_new_privs"
                    : null;
            return;
        }

        if (user is null || UserAccount.Find(user) is not { UserId: not 0 } account)
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
            GuardedFile.MakeFolders(folder, FolderMode);
            Credentials.TryGive(folder, account.UserId, groupId);
        }

        if (logFile is not null) GuardedFile.GiveLog(logFile, account.UserId, groupId);

        foreach (var file in files) Credentials.TryGive(file, account.UserId, groupId);
        var image = ProgramImage.OfThisProcess();
        var directory = GenerationStart.CaptureStartCommand().WorkingDirectory;
        var environment = new Dictionary<string, string>(image.Environment, StringComparer.Ordinal);
        foreach (var fd in EarlySockets.PassOn(environment)) FileDescriptors.ClearCloseOnExec(fd);
        ProgramImage.RemoveDotnetFiles();
        Credentials.Become(account.UserId, groupId, groups);
        if (folders.FirstOrDefault(folder => !Credentials.MayWriteTo(folder)) is { } closed)
        {
            throw new IOException(
                $"The folder {closed} is not {account.Name}'s to write to, and files of the service lie there: chown {account.Name} "
                + $"{closed}, or configure another (ips.user is {user}).");
        }

        if (!Credentials.MayEnter(image.FileName))
        {
            throw new IOException(
                $"The program {image.FileName} is not {account.Name}'s to execute, and nothing of the service runs as root: "
                + $"let {account.Name} read it and the folders above it (ips.user is {user}).");
        }

        if (!Credentials.MayEnter(directory))
        {
            throw new IOException($"The working directory {directory} is not {account.Name}'s to enter, and each generation starts there: "
                + $"start the service from another, such as / (ips.user is {user}).");
        }

        (image with { Environment = environment }).Execute();
    }

    /// <summary>Passes what root has opened for this service on to a process that is started for it.</summary>
    /// <param name="environment">Its environment; a variable is added if there is something to tell.</param>
    /// <returns>The descriptors, and their numbers there.</returns>
    public static IReadOnlyList<(int Fd, int TargetFd)> PassOn(IDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return Dropped is null ? [] : [.. EarlySockets.PassOn(environment).Select(fd => (fd, fd))];
    }
}
