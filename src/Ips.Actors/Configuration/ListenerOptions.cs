namespace Ips.Actors.Configuration;

/// <summary>How listening sockets are opened. HOCON block <c>ips.listener</c>.</summary>
public sealed class ListenerOptions
{
    /// <summary>Length of the kernel's queue of connections not yet accepted, capped by <c>net.core.somaxconn</c>; see listen(2).
    /// From 1 to 65535. Default 4096, the kernel's own default cap since Linux 5.4.</summary>
    public int Backlog { get; set; } = 4096;

    /// <summary>Permissions of the path of a Unix socket, in octal (<c>0660</c>), whatever the umask is; who may write to it may connect. From 0000 to
    /// 0777. Default null: 0777 less the umask. As the owner, the group and the backlog, a generation sets it on the sockets that it takes
    /// over as well, when it becomes the main process; not on those of a service manager.</summary>
    public string? UnixMode { get; set; }

    /// <summary>The user who owns the path of a Unix socket, by name or number; only root may give it to another one. Default null: who runs the service.</summary>
    public string? UnixOwner { get; set; }

    /// <summary>The group of the path of a Unix socket, by name or number; without root, one that who runs the service is in. Default null: that of who runs the service.</summary>
    public string? UnixGroup { get; set; }
}
