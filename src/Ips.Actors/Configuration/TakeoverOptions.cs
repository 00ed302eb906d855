namespace Ips.Actors.Configuration;

/// <summary>How a process that was not started by the running service takes it over: another unit, a container over a shared volume, another user.
/// HOCON block <c>ips.takeover</c>.</summary>
public sealed class TakeoverOptions
{
    /// <summary>Path of the Unix socket on which this service can be taken over; the path follows to whoever takes over. Default null: it cannot, as
    /// whoever may connect there may become the service.</summary>
    public string? Socket { get; set; }

    /// <summary>The group, by name or number, whose members may take over as well; the socket then has mode 0660 and this group. Default null: mode 0600,
    /// for root and the user of this service alone.</summary>
    public string? Group { get; set; }

    /// <summary>Path of the socket of a running service that this process takes over at its start; without one, or if it is refused, it does not start.
    /// A process that a reload starts does not ask. Default null: it starts as a service of its own.</summary>
    public string? From { get; set; }
}
