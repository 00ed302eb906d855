using Ips.Actors.Control;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>What LifecycleActor does to its own process, as a seam: file system identity, log file, host and exit.</summary>
internal interface ILifecycleSurroundings
{
    /// <summary>This process.</summary>
    int Pid { get; }

    /// <summary>This generation, from 1.</summary>
    int Generation { get; }

    /// <summary>The version of the entry assembly.</summary>
    string Release { get; }

    /// <summary>Where this generation takes moved connections: the endpoints that it serves without TLS.</summary>
    IReadOnlyList<EndpointOffer> MovableEndpoints();

    /// <summary>Becomes the main process on the file system. See <see cref="Identity.Publish"/>.</summary>
    void PublishIdentity();

    /// <summary>Leaves the file system to the promoted successor. See <see cref="Identity.HandOver"/>.</summary>
    /// <param name="toOutsider">It is no process of this service manager's or stable parent's: for those the service ends here.</param>
    void HandOverIdentity(bool toOutsider);

    /// <summary>Keeps copies of the listening sockets, unless a service manager or a stable parent starts the service again. See <see cref="Supervise.ServiceRestart"/>.</summary>
    void KeepSockets();

    /// <summary>Closes these copies.</summary>
    void DropSockets();

    /// <summary>Starts a generation on these copies.</summary>
    /// <param name="own">Of this generation's release; else of the one that last came to serve for good.</param>
    void RestartService(bool own);

    /// <summary>Completes when no such start is under way.</summary>
    Task RestartOver { get; }

    /// <summary>Removes what is ours. See <see cref="Identity.Retract"/>.</summary>
    void RetractIdentity();

    /// <summary>Tells <c>ips start</c>, if it waits, that this generation serves.</summary>
    void ReportStarted();

    /// <summary>Opens the log file again by its path.</summary>
    /// <returns>The path, or null if no log file is configured.</returns>
    string? ReopenLog();

    /// <summary>Errors of the configuration that a reload would use; empty if it is valid.</summary>
    IReadOnlyList<string> CheckConfiguration();

    /// <summary>Lets the host stop. Returns at once.</summary>
    void StopHost();

    /// <summary>The exit code is decided: let the host finish its stop, and end the process in any case a little later.</summary>
    void Exit(ExitCode code);
}
