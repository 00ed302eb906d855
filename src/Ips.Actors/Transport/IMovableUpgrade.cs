using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>What becomes of an upgraded connection that is asked to leave.</summary>
internal enum UpgradePolicy
{
    /// <summary>It stays, and its client is not told: a canary takes none.</summary>
    Keep = 0,

    /// <summary>It stays, and its client is told that this generation leaves: the other generation takes none.</summary>
    Close,

    /// <summary>It leaves if its app lets it.</summary>
    Move,
}

/// <summary>An upgraded connection that its app lets move: a feature of the request, there before the upgrade.</summary>
internal interface IMovableUpgrade
{
    /// <summary>A digest of whom the app has authenticated.</summary>
    byte[] Identity { get; }

    /// <summary>The upgrade happens: takes the stream of the client's bytes.</summary>
    /// <returns>The stream for the app.</returns>
    Stream Attach(Stream stream);

    /// <summary>Asks the app to hand over, at the next quiet point.</summary>
    /// <returns>What the app keeps of the client, once nothing is read or written any longer; null if the connection stays, or has
    /// ended.</returns>
    Task<UpgradeState?> LeaveAsync();

    /// <summary>The connection stays, and is told that this generation leaves.</summary>
    /// <returns>False if the app has handed over already.</returns>
    bool Stay();

    /// <summary>Takes the bytes that were read and not given to the app. Once, after the app has handed over.</summary>
    ReadOnlyMemory<byte> TakeUnread();

    /// <summary>The app may let go of the request.</summary>
    /// <param name="left">Whether the connection has left; else it is closed here.</param>
    void Release(bool left);
}
