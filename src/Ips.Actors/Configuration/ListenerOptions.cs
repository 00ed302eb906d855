namespace Ips.Actors.Configuration;

/// <summary>How listening sockets are opened. HOCON block <c>ips.listener</c>, section <c>Ips:Listener</c> of an app's configuration.</summary>
/// <remarks>A generation also applies these settings to the sockets that it takes over, once it is the main process. Sockets that a service
/// manager passed in stay as they are.</remarks>
public sealed class ListenerOptions
{
    /// <summary>Gets or sets the length of the kernel's accept queue, see listen(2). The kernel caps it at
    /// <c>net.core.somaxconn</c>.</summary>
    /// <value>From 1 to 65535 connections. Default 4096, the kernel's own default cap since Linux 5.4.</value>
    public int Backlog { get; set; } = 4096;

    /// <summary>Gets or sets the permissions of a Unix socket's path, whatever the umask is. A user who may write to the path may
    /// connect.</summary>
    /// <value>Octal digits from 0000 to 0777, such as <c>0660</c>. Default null: 0777 minus the umask.</value>
    public string? UnixMode { get; set; }

    /// <summary>Gets or sets the owner of a Unix socket's path. Only root can choose another user.</summary>
    /// <value>A user's name or number. Default null: the user that runs the service.</value>
    public string? UnixOwner { get; set; }

    /// <summary>Gets or sets the group of a Unix socket's path. Without root, the user that runs the service must be a member.</summary>
    /// <value>A group's name or number. Default null: the group of the user that runs the service.</value>
    public string? UnixGroup { get; set; }
}
