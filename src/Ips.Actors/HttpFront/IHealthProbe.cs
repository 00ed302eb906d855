using Ips.Actors.Lifecycle;

namespace Ips.Actors.HttpFront;

/// <summary>Whether the app itself says that it can serve.</summary>
internal interface IHealthProbe
{
    /// <summary>Checks now.</summary>
    Task<ProbeResult> CheckAsync(CancellationToken cancellationToken);
}
