using Ips.Actors.Posix;

namespace Ips.Actors.Takeover;

/// <summary>Who may take over. Pure.</summary>
internal static class TakeoverPolicy
{
    /// <summary>Why a process may not take over; null if it may.</summary>
    /// <param name="peer">Who asks, as the kernel says.</param>
    /// <param name="ownUser">The user of this service.</param>
    /// <param name="group">The group whose members may; null for none.</param>
    public static string? Refusal(PeerIdentity peer, uint ownUser, uint? group) =>
        peer.UserId == 0 || peer.UserId == ownUser || (group is { } members && (peer.GroupId == members || peer.Groups.Contains(members)))
            ? null
            : $"user {peer.UserId} may not take over: only root, user {ownUser}"
                + (group is { } named ? $" and the members of group {named} (ips.takeover.group) may" : " may (ips.takeover.group names no group)");
}
