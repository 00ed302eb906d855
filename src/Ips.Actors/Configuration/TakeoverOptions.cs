namespace Ips.Actors.Configuration;

/// <summary>How a process that the running service did not start takes it over: another unit, a container that shares a volume, another user.
/// HOCON block <c>ips.takeover</c>, section <c>Ips:Takeover</c> of an app's configuration.</summary>
public sealed class TakeoverOptions
{
    /// <summary>Gets or sets the path of the Unix socket on which this service can be taken over. After a takeover the new process listens
    /// there.</summary>
    /// <value>A path. Default null: no takeover, because anyone who may connect may become the service.</value>
    public string? Socket { get; set; }

    /// <summary>Gets or sets the group whose members may take over too. The socket then has mode 0660 and this group.</summary>
    /// <value>A group's name or number. Default null: mode 0600, for root and the service's own user only.</value>
    public string? Group { get; set; }

    /// <summary>Gets or sets the path of the socket of a running service that this process takes over at its start. If nothing listens
    /// there, or the takeover is refused, this process does not start. A successor that a reload starts ignores it.</summary>
    /// <value>A path. Default null: this process starts a service of its own.</value>
    public string? From { get; set; }
}
