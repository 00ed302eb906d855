using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>What becomes of an upgraded connection that is asked to leave.</summary>
internal enum UpgradePolicy
{
    /// <summary>It stays, and its client is not told: a canary takes none.</summary>
    Keep = 0,

    /// <summary>It stays, and its client is told that this generation leaves: the other generation takes none.</summary>
    Close,

    /// <summary>It leaves if its app lets it and it is not a tunnel: the other generation takes no tunnels.</summary>
    Move,

    /// <summary>It leaves if its app lets it.</summary>
    MoveWithTunnels,
}

/// <summary>An upgraded connection that its app lets move: a feature of the request, there before the upgrade.</summary>
internal interface IMovableUpgrade
{
    /// <summary>A digest of whom the app has authenticated.</summary>
    byte[] Identity { get; }

    /// <summary>Whether it passes its bytes on to a backend, whose connection travels too.</summary>
    bool IsTunnel { get; }

    /// <summary>Why it stays, as is known at the upgrade; None if it can move.</summary>
    UnmovableReason StayReason { get; }

    /// <summary>Whether it was upgraded, and can move.</summary>
    bool IsAttached { get; }

    /// <summary>The descriptor of the backend's connection; -1 if it has none. Valid from <see cref="LeaveAsync"/> to
    /// <see cref="Take"/>.</summary>
    int Backend { get; }

    /// <summary>Where the frames to the client stand, as the app writes them.</summary>
    WebSocketFrameParser Frames { get; }

    /// <summary>Whether the connection goes, or has ended (true), or is to be closed here (false).</summary>
    Task<bool> Decided { get; }

    /// <summary>The upgrade happens: takes the stream of the client's bytes.</summary>
    /// <returns>The stream for the app.</returns>
    Stream Attach(Stream stream);

    /// <summary>Asks the app to hand over, at the next quiet point.</summary>
    /// <returns>True once it has; false if the connection stays, or has ended.</returns>
    Task<bool> LeaveAsync();

    /// <summary>The connection stays, and is told that this generation leaves.</summary>
    /// <returns>False if the app has handed over already.</returns>
    bool Stay();

    /// <summary>The app may let go of the request.</summary>
    /// <param name="left">Whether the connection has left; else the app has it again, or closes it.</param>
    void Release(bool left);

    /// <summary>Takes what travels, and lets go of the backend. Once, after the server has let go of a connection that has left.</summary>
    /// <returns>Null if some of it was lost.</returns>
    UpgradeRest? Take();
}

/// <summary>What a movable upgrade holds of its connection at the end.</summary>
/// <param name="Unread">What the client has sent and the app, or its backend, was not given.</param>
/// <param name="State">What the next generation needs to know.</param>
internal readonly record struct UpgradeRest(ReadOnlyMemory<byte> Unread, UpgradeState? State);
