namespace Ips.Actors.Control;

/// <summary>What <see cref="ControlActor"/> is asked and answers.</summary>
internal static class ControlProtocol
{
    /// <summary>This generation is the main process: answer clients of the control socket.</summary>
    public sealed record Serve;

    /// <summary>A promoted successor answers from now on; clients that wait here still get their receipt.</summary>
    public sealed record HandedOver;

    /// <summary>The process ends: give every client its last line. Reply: <see cref="Closed"/>.</summary>
    public sealed record Close;

    /// <summary>No client is left.</summary>
    public sealed record Closed;
}
