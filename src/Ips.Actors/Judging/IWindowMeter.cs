using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>Measures this generation's requests in windows, while somebody watches.</summary>
internal interface IWindowMeter
{
    /// <summary>Begins to measure; begins anew if it does already.</summary>
    /// <param name="routes">The routes that the predecessor names; null to name the busiest.</param>
    void Begin(IReadOnlyList<string>? routes);

    /// <summary>The routes that are told apart from now on; empty if nothing is measured.</summary>
    IReadOnlyList<string> NameRoutes();

    /// <summary>The window that ends now; null if none does, or nothing is measured.</summary>
    WindowFrame? Take();

    /// <summary>Measures no longer.</summary>
    void End();

    /// <summary>The window that ends next, or has just ended.</summary>
    long Index { get; }

    /// <summary>Time to the end of the next window.</summary>
    TimeSpan UntilNext { get; }

    /// <summary>What a judge must know before the first window.</summary>
    JudgeTerms Terms();
}
