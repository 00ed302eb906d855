using Ips.Actors.Handover;
using Ips.Actors.Output;
using Ips.Actors.Posix;

namespace Ips.Actors.Lifecycle;

/// <summary>Starts the next generation from the release that is now at the path that this one was started by.</summary>
internal interface IGenerationLauncher
{
    /// <summary>Spawns the process.</summary>
    /// <param name="generation">Its number.</param>
    /// <param name="folder">The folder of the release to start; null for the release in place. The next one is started by the path
    /// again.</param>
    /// <exception cref="IOException">It could not be started: missing, not executable, wrong format; or the environment file is
    /// wrong.</exception>
    ISpawnedGeneration Launch(int generation, string? folder = null);

    /// <summary>The release that is now at that path; null if it cannot be told from another.</summary>
    /// <param name="folder">The folder of another release, to tell that one.</param>
    ReleaseStamp? InPlace(string? folder = null) => null;
}

/// <summary>A process that was started as a successor.</summary>
internal interface ISpawnedGeneration : IDisposable
{
    /// <summary>Its process id.</summary>
    int Pid { get; }

    /// <summary>The way to it.</summary>
    IHandoverChannel Channel { get; }

    /// <summary>What it writes, until it is promoted; null if it writes to our own streams.</summary>
    ISuccessorOutput? Output => null;

    /// <summary>Completes when it has ended and was reaped.</summary>
    Task<ProcessExit> Exited { get; }

    /// <summary>What is known about its end beside the status; null for nothing.</summary>
    string? Explain(ProcessExit exit) => null;

    /// <summary>Sends a signal, unless it has ended.</summary>
    void Signal(int signal);

    /// <summary>It is about to be promoted: what it has started lives on when it ends. Until then, its process group ends with
    /// it.</summary>
    void LetGo()
    {
    }
}

/// <summary>A takeover process that asks to be the successor, and may.</summary>
internal interface ITakeoverProcess : ISpawnedGeneration
{
    /// <summary>Tells it that it is not, and why; then lets it go.</summary>
    void Refuse(string reason);
}

/// <summary>Tells one release from another by its files, as they are at one moment. Two that are equal are the same release by all that can
/// be seen without reading it; one that was touched counts as another.</summary>
/// <param name="Program">The program, as it is started.</param>
/// <param name="Files">Each file that was looked at: which it is, its size and when it was written.</param>
internal sealed record ReleaseStamp(string Program, string Files);
