using Ips.Actors.Transport;

namespace Ips.Actors.HttpFront;

/// <summary>A client that stays for long, and is told when this generation leaves: see <see cref="PoliteClose.WhenLeaving"/>.</summary>
internal interface IGuest
{
    /// <summary>What it is counted by.</summary>
    string ConnectionId { get; }

    /// <summary>Whether it is told at once, not at a moment of the spread.</summary>
    bool AtOnce { get; }

    /// <summary>Why it does not move.</summary>
    UnmovableReason StayReason { get; }

    /// <summary>Takes leave of the client.</summary>
    /// <param name="gone">Cancelled when the client is gone.</param>
    /// <returns>Whether the client was told.</returns>
    Task<bool> LeaveAsync(CancellationToken gone);

    /// <summary>Ends the connection of a client that was told, and does not go while the service ends.</summary>
    void Abort();
}
