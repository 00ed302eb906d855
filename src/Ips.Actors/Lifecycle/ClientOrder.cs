namespace Ips.Actors.Lifecycle;

/// <summary>What LifecycleActor tells the actors that answer at the control socket and at the takeover socket.</summary>
internal abstract record ClientOrder
{
    private ClientOrder()
    {
    }

    /// <summary>This generation is the main process: answer clients.</summary>
    public sealed record Serve : ClientOrder;

    /// <summary>A promoted successor answers from now on; clients that wait here still get their answer.</summary>
    public sealed record HandedOver : ClientOrder;

    /// <summary>The process ends: give every client of the control socket its last line. Reply: <see cref="Closed"/>.</summary>
    public sealed record Close : ClientOrder;

    /// <summary>No client is left.</summary>
    public sealed record Closed;
}
