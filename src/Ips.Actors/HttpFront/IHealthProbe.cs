using Ips.Actors.Lifecycle;

namespace Ips.Actors.HttpFront;

/// <summary>Whether the app itself says that it can serve.</summary>
internal interface IHealthProbe
{
    /// <summary>Checks now, and answers once <paramref name="cancellationToken"/> is cancelled, whatever the app's code does.</summary>
    Task<ProbeResult> CheckAsync(CancellationToken cancellationToken);
}
