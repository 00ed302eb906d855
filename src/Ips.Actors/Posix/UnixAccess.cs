using System.Globalization;

namespace Ips.Actors.Posix;

/// <summary>Who may connect to a Unix socket: permissions and owner of its path.</summary>
/// <param name="Mode">Permissions; null leaves those by the umask.</param>
/// <param name="Owner">Name or number of a user; null leaves the process's own.</param>
/// <param name="Group">Name or number of a group; null leaves the process's own.</param>
[SupportedOSPlatform("linux")]
internal sealed record UnixAccess(int? Mode, string? Owner, string? Group)
{
    private const int MostMode = 0x1FF; // 0777

    /// <summary>What the options say; null if they say nothing.</summary>
    /// <param name="mode">Octal digits, checked before.</param>
    /// <param name="owner">Name or number.</param>
    /// <param name="group">Name or number.</param>
    public static UnixAccess? Of(string? mode, string? owner, string? group) =>
        mode is null && owner is null && group is null ? null
            : new(mode is not null && TryParseMode(mode, out var bits) ? bits : null, owner, group);

    /// <summary>What a path has.</summary>
    public static UnixAccess Of(FileStatus status) => new(
        status.Permissions & MostMode, status.UserId.ToString(CultureInfo.InvariantCulture),
        status.GroupId.ToString(CultureInfo.InvariantCulture));

    /// <summary>Reads permissions such as <c>0660</c>: up to four octal digits, at most 0777.</summary>
    public static bool TryParseMode(string text, out int mode)
    {
        mode = 0;
        if (text.Length is < 1 or > 4 || text.AsSpan().ContainsAnyExceptInRange('0', '7')) return false;
        mode = Convert.ToInt32(text, 8);
        return mode <= MostMode;
    }

    /// <summary>What is to be set on a path that a predecessor has opened: what it had configured and this generation has not goes back to
    /// what a new path gets, and what neither has configured stays as it is.</summary>
    /// <param name="own">This generation's; null for nothing.</param>
    /// <param name="former">The predecessor's; null for nothing, or if it is not known.</param>
    /// <param name="umask">This process's umask.</param>
    /// <returns>Null if there is nothing to set.</returns>
    public static UnixAccess? Succeeding(UnixAccess? own, UnixAccess? former, int umask)
    {
        var next = new UnixAccess(
            own?.Mode ?? (former?.Mode is null ? null : MostMode & ~umask),
            own?.Owner ?? (former?.Owner is null ? null : Text(ProcessAttributes.EffectiveUserId)),
            own?.Group ?? (former?.Group is null ? null : Text(ProcessAttributes.GroupId)));
        return next is { Mode: null, Owner: null, Group: null } ? null : next;

        static string Text(int id) => id.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Finds out whether <see cref="Apply"/> would be permitted, and changes nothing.</summary>
    /// <param name="path">A path that was bound.</param>
    /// <exception cref="UnixAccessException">Unknown user or group, or not permitted.</exception>
    public void Check(string path)
    {
        var (user, group, self) = (UserId(), GroupId(), (uint)ProcessAttributes.EffectiveUserId);
        if (self == 0 || FileStatus.Of(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, path) is not { IsSocket: true } found) return;
        var mine = found.UserId == self;
        var mayGive = mine
            && (group == ProcessAttributes.GroupId || Credentials.Groups().Contains(group.ToString(CultureInfo.InvariantCulture)));
        if ((Owner is not null && user != found.UserId) || (Group is not null && group != found.GroupId && !mayGive))
            throw OwnerFailed(path, new PosixException("chown", Errno.EPERM, path));
        if (Mode is { } mode && mode != found.Permissions && !mine)
            throw ModeFailed(mode, path, new PosixException("chmod", Errno.EPERM, path));
    }

    /// <summary>Sets them on a path that was bound.</summary>
    /// <param name="place">The path.</param>
    /// <param name="expected">The file that it must be; null for the one that was just bound there.</param>
    /// <exception cref="UnixAccessException">Unknown user or group, or not permitted.</exception>
    /// <exception cref="UnsafePathException">Something else is there.</exception>
    public void Apply(GuardedPath place, FileIdentity? expected = null)
    {
        var bound = Ownership.OpenBound(place, expected);
        try
        {
            // The owner first: chown(2) may take permissions away.
            if (Owner is not null || Group is not null) SetOwner(bound, UserId(), GroupId(), place.FullName);
            if (Mode is { } mode) SetMode(bound, mode, place.FullName);
        }
        finally
        {
            FileDescriptors.Close(bound);
        }
    }

    private void SetOwner(int bound, uint user, uint group, string path)
    {
        try
        {
            Ownership.Give(bound, user, group, path);
        }
        catch (PosixException e)
        {
            throw OwnerFailed(path, e);
        }
    }

    private static void SetMode(int bound, int mode, string path)
    {
        try
        {
            Ownership.SetMode(bound, mode, path);
        }
        catch (PosixException e)
        {
            throw ModeFailed(mode, path, e);
        }
    }

    private uint UserId()
    {
        if (Owner is null) return Ownership.Unchanged;
        if (uint.TryParse(Owner, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        return UserAccount.Find(Owner)?.UserId
            ?? throw new UnixAccessException($"ips.listener.unix-owner is {Owner}, and there is no such user.");
    }

    private uint GroupId()
    {
        if (Group is null) return Ownership.Unchanged;
        if (uint.TryParse(Group, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        return UserAccount.FindGroup(Group)
            ?? throw new UnixAccessException($"ips.listener.unix-group is {Group}, and there is no such group.");
    }

    private UnixAccessException OwnerFailed(string path, PosixException e) => Failed(
        "owner", $"{Owner ?? "unchanged"}:{Group ?? "unchanged"}", path, e,
        "ips.listener.unix-owner and ips.listener.unix-group; only root may give a path to another user");

    private static UnixAccessException ModeFailed(int mode, string path, PosixException e) =>
        Failed("mode", Convert.ToString(mode, 8), path, e, "ips.listener.unix-mode");

    private static UnixAccessException Failed(string what, string value, string path, PosixException e, string keys) =>
        new($"The {what} of {path} cannot be set to {value}: {Errno.Text(e.Errno)}. See {keys}.");
}

/// <summary>The path of a Unix socket cannot be given the permissions or the owner that were asked for.</summary>
/// <param name="message">What, why, and the key to change.</param>
[SupportedOSPlatform("linux")]
internal sealed class UnixAccessException(string message) : IOException(message);
