using System.Globalization;
using Mono.Unix.Native;

namespace Ips.Actors.Posix;

/// <summary>Who may connect to a Unix socket: permissions and owner of its path.</summary>
/// <param name="Mode">Permissions; null leaves those by the umask.</param>
/// <param name="Owner">Name or number of a user; null leaves the process's own.</param>
/// <param name="Group">Name or number of a group; null leaves the process's own.</param>
internal sealed record UnixAccess(int? Mode, string? Owner, string? Group)
{
    private const uint Unchanged = uint.MaxValue; // (uid_t)-1, see chown(2)

    /// <summary>What the options say; null if they say nothing.</summary>
    /// <param name="mode">Octal digits, checked before.</param>
    /// <param name="owner">Name or number.</param>
    /// <param name="group">Name or number.</param>
    public static UnixAccess? Of(string? mode, string? owner, string? group) =>
        mode is null && owner is null && group is null ? null : new(mode is not null && TryParseMode(mode, out var bits) ? bits : null, owner, group);

    /// <summary>Reads permissions such as <c>0660</c>: up to four octal digits, at most 0777.</summary>
    public static bool TryParseMode(string text, out int mode)
    {
        mode = 0;
        if (text.Length is < 1 or > 4 || text.AsSpan().ContainsAnyExceptInRange('0', '7')) return false;
        mode = Convert.ToInt32(text, 8);
        return mode <= 0x1FF;
    }

    /// <summary>Sets them on a path that was just bound.</summary>
    /// <exception cref="UnixAccessException">Unknown user or group, or not permitted.</exception>
    public void Apply(string path)
    {
        // The owner first: chown(2) may take permissions away.
        if (Owner is not null || Group is not null)
        {
            var (user, group) = (UserId(), GroupId());
            if (Syscall.lchown(path, user, group) != 0)
                throw Failed("owner", $"{Owner ?? "unchanged"}:{Group ?? "unchanged"}", path, "ips.listener.unix-owner and ips.listener.unix-group; only root may give a path to another user");
        }

        if (Mode is { } mode && Syscall.chmod(path, NativeConvert.ToFilePermissions((uint)mode)) != 0)
            throw Failed("mode", Convert.ToString(mode, 8), path, "ips.listener.unix-mode");
    }

    private uint UserId()
    {
        if (Owner is null) return Unchanged;
        if (uint.TryParse(Owner, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        return UserAccount.Find(Owner)?.UserId ?? throw new UnixAccessException($"ips.listener.unix-owner is {Owner}, and there is no such user.");
    }

    private uint GroupId()
    {
        if (Group is null) return Unchanged;
        if (uint.TryParse(Group, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        return UserAccount.FindGroup(Group) ?? throw new UnixAccessException($"ips.listener.unix-group is {Group}, and there is no such group.");
    }

    private static UnixAccessException Failed(string what, string value, string path, string keys) =>
        new($"The {what} of {path} cannot be set to {value}: {Stdlib.strerror(Stdlib.GetLastError())}. See {keys}.");
}
