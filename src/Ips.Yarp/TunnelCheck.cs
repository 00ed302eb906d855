using Ips.Actors.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Ips.Yarp;

/// <summary>Says at the start if YARP does not make its clients by our factory: nobody would notice before a reload.</summary>
/// <param name="factory">The one that YARP asks: the last that was added.</param>
/// <param name="log">For the warning.</param>
[SupportedOSPlatform("linux")]
internal sealed class TunnelCheck(IForwarderHttpClientFactory factory, ILogger<TunnelCheck> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (factory is TunnelClientFactory) return Task.CompletedTask;
        log.TunnelsStay(IpsTunnelExtensions.CanWrap(factory) ? "call AddIpsTunnels() after ConfigureHttpClient() and the like"
            : $"{factory.GetType().Name} is not derived from {nameof(ForwarderHttpClientFactory)}");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
