using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What LifecycleActor does to its own process, so that tests can put another in its place: identity on the file system, log file,
/// host, exit.</summary>
internal interface ICurrentProcess
{
    /// <summary>This process.</summary>
    int Pid { get; }

    /// <summary>This generation, from 1.</summary>
    int Generation { get; }

    /// <summary>The version of the entry assembly.</summary>
    string Release { get; }

    /// <summary>Where this generation takes moved connections: the endpoints that it serves without TLS.</summary>
    IReadOnlyList<EndpointOffer> MovableEndpoints();

    /// <summary>Where this generation takes connections that nobody has read from: every endpoint of Kestrel that not only the main process
    /// accepts from.</summary>
    IReadOnlyList<EndpointOffer> AcceptedEndpoints();

    /// <summary>What the app keeps of its clients in this process, such as sessions; null for nothing.</summary>
    string? KeptState { get; }

    /// <summary>Becomes the main process on the file system. See <c>RuntimeFiles.Publish</c>.</summary>
    void PublishIdentity();

    /// <summary>Leaves the file system to the promoted successor. See <c>RuntimeFiles.HandOver</c>.</summary>
    /// <param name="toTakeover">The successor is a takeover, outside of this service manager and supervisor: for those the
    /// service ends here.</param>
    void HandOverIdentity(bool toTakeover);

    /// <summary>Keeps copies of the listening sockets, unless a service manager or a supervisor starts the service again. See
    /// <c>ServiceRestart</c>.</summary>
    void KeepSockets();

    /// <summary>Closes these copies.</summary>
    void DropSockets();

    /// <summary>Starts a generation on these copies.</summary>
    /// <param name="own">Of this generation's release; else of the one that last came to serve for good.</param>
    void RestartService(bool own);

    /// <summary>Completes when no such start is under way.</summary>
    Task RestartOver { get; }

    /// <summary>Removes what is ours. See <c>RuntimeFiles.Retract</c>.</summary>
    /// <param name="handedOver">The service lives on in another generation.</param>
    void RetractIdentity(bool handedOver);

    /// <summary>Takes the identity back from a takeover process that was to get it and has failed. See
    /// <c>RuntimeFiles.Renew</c>.</summary>
    void RenewIdentity();

    /// <summary>Makes again what somebody has removed of the files of the main process. See <c>RuntimeFiles.Restore</c>.</summary>
    /// <returns>Whether a socket is a new one.</returns>
    bool RestorePaths(IReadOnlyList<ReloadReceipt> history);

    /// <summary>Tells <c>ips start</c>, if it waits, that this generation serves.</summary>
    void ReportStarted();

    /// <summary>Why this process cannot be replaced where it runs; null if it can.</summary>
    string? ReloadObstacle();

    /// <summary>Opens the log file again by its path.</summary>
    /// <returns>The path, or null if no log file is configured.</returns>
    string? ReopenLog();

    /// <summary>The release that a reload would start now; null if it cannot be told from another.</summary>
    ReleaseStamp? ReleaseInPlace();

    /// <summary>Asks the main process for a reload, over the control socket, as any client does. It may not be reachable yet: that is
    /// waited for within
    /// bounds.</summary>
    /// <returns>Why it has not taken the request; null if it has.</returns>
    Task<string?> PassOnReloadAsync(ReloadRequest request);

    /// <summary>Keeps the receipts beside the PID file; not at a place that a successor has left. See
    /// <c>HistoryFile</c>.</summary>
    void KeepHistory(IReadOnlyList<ReloadReceipt> receipts);

    /// <summary>Adds a receipt to the history beside the PID file, for a process that is no longer the main one.</summary>
    void AddToHistory(ReloadReceipt receipt);

    /// <summary>Errors of the configuration that a reload would use; empty if it is valid.</summary>
    IReadOnlyList<string> CheckConfiguration();

    /// <summary>What the app does at a stop, before Kestrel stops, is over; completed before <see cref="StopHost"/>.</summary>
    Task HostTold { get; }

    /// <summary>Lets the host stop. Returns at once.</summary>
    void StopHost();

    /// <summary>The exit code is decided: let the host finish its stop, and end the process in any case a little later.</summary>
    void Exit(ExitCode code);
}
