namespace Ips.Actors.Takeover;

/// <summary>What <see cref="TakeoverActor"/> is told.</summary>
internal static class TakeoverProtocol
{
    /// <summary>This generation is the main process, and has its socket at the path: answer those who connect.</summary>
    public sealed record Serve;

    /// <summary>The successor is the main process: who still waits here is told so.</summary>
    public sealed record HandedOver;
}
