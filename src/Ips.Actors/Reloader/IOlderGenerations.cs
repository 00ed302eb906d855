using Ips.Actors.Handover;

namespace Ips.Actors.Reloader;

/// <summary>The generations before this one that have not ended: they drain.</summary>
internal interface IOlderGenerations
{
    /// <summary>Those that are alive now, oldest first.</summary>
    IReadOnlyList<GenerationEntry> Alive();

    /// <summary>Ends one at once, cutting what it still drains.</summary>
    /// <param name="generation">One of <see cref="Alive"/>.</param>
    /// <param name="patience">The time that it gets to abort its connections before it is killed.</param>
    /// <returns>Completes when it has ended.</returns>
    Task AbortAsync(GenerationEntry generation, TimeSpan patience);
}
