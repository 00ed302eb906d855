namespace Ips.Actors.Posix;

/// <summary>Who connected a Unix socket, as the kernel saw it at connect(2), in the terms of this process's namespaces.</summary>
/// <param name="Pid">Its process; 0 if it is in a PID namespace that cannot be seen from here.</param>
/// <param name="UserId">Its effective user; 65534 for one that this user namespace does not know.</param>
/// <param name="GroupId">Its effective group.</param>
/// <param name="Groups">Its supplementary groups.</param>
[SupportedOSPlatform("linux")]
internal sealed record PeerIdentity(int Pid, uint UserId, uint GroupId, IReadOnlyList<uint> Groups)
{
    /// <summary>Of the peer of a connected socket.</summary>
    /// <exception cref="PosixException">It is no Unix socket.</exception>
    public static PeerIdentity Of(int fd)
    {
        var (pid, user, group) = UnixSockets.PeerCredentials(fd);
        return new PeerIdentity(pid, (uint)user, (uint)group, SocketOptions.GetPeerGroups(fd));
    }

    /// <summary>For the log: PID, user and group.</summary>
    public override string ToString() => $"PID {(Pid == 0 ? "unknown" : Pid)}, uid {UserId}, gid {GroupId}";
}
