namespace Ips.Actors.Reloader;

/// <summary>The operator's own health check of a successor on probation: a URL that must answer.</summary>
internal interface IHealthUrl
{
    /// <summary>Asks it once.</summary>
    /// <returns>Why the answer is not good; null if it is.</returns>
    Task<string?> AskAsync();
}
