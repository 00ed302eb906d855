namespace Ips.Actors.HttpFront;

/// <summary>Makes a fresh process as fast as a warm one.</summary>
internal interface IWarmup
{
    /// <summary>Warms up; after a fault, asks again only what the app has named.</summary>
    /// <returns>Why the app cannot serve what it has named; null if it can.</returns>
    Task<string?> WarmAsync(CancellationToken cancellationToken);
}
