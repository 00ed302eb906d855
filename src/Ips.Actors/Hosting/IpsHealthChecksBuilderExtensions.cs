using Ips.Actors.HttpFront;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds where the service stands to an app's health checks.</summary>
public static class IpsHealthChecksBuilderExtensions
{
    /// <summary>Adds a health check of the generation. It is unhealthy while the generation wants no new clients: before it has started,
    /// while an operator has paused the service, and from the lame duck on to the end of the drain. It is degraded when the last reload was
    /// rolled back, with the reason as its description, until the next one.</summary>
    /// <param name="builder">What <c>AddHealthChecks()</c> returns. The host needs <c>AddIps()</c> or <c>UseIps()</c>.</param>
    /// <param name="name">Its name. Default <c>ips</c>.</param>
    /// <param name="tags">Its tags. Default: <c>ready</c>.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>It does not count when Ips judges a successor, which is not ready before its checks have passed.</remarks>
    public static IHealthChecksBuilder AddIps(this IHealthChecksBuilder builder, string name = "ips", IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return builder.Add(new HealthCheckRegistration(name, IpsHealthCheck.Factory, failureStatus: null, tags ?? ["ready"]));
    }
}
