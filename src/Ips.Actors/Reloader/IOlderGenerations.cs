using Ips.Actors.Handover;

namespace Ips.Actors.Reloader;

/// <summary>The generations before this one that have not ended: they drain.</summary>
internal interface IOlderGenerations
{
    /// <summary>Those that are alive now, oldest first.</summary>
    IReadOnlyList<GenerationEntry> Alive();

    /// <summary>Waits until no more than some are alive.</summary>
    /// <param name="most">How many may be left.</param>
    /// <param name="patience">How long to wait at most; it is no fault if more are left then.</param>
    Task WaitForRoomAsync(int most, TimeSpan patience);

    /// <summary>Sends a signal to all of them that are alive.</summary>
    void Signal(int signal);

    /// <summary>Ends one at once, cutting what it still drains.</summary>
    /// <param name="generation">One of <see cref="Alive"/>.</param>
    /// <param name="patience">The time that it gets to abort its connections before it is killed.</param>
    /// <returns>Completes when it has ended.</returns>
    Task AbortAsync(GenerationEntry generation, TimeSpan patience);
}
