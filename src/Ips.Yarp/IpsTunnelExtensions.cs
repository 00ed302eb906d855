using Ips.Actors.Transport;
using Ips.Yarp;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>WebSockets that YARP proxies and that live through a reload.</summary>
public static class IpsTunnelExtensions
{
    /// <summary>Lets WebSockets that YARP proxies move to the next generation, with the connection to their backend: neither end notices
    /// it. Call it last, after <c>ConfigureHttpClient</c> and other settings of the HTTP client.</summary>
    /// <remarks>A WebSocket moves if the client and the backend are both connected by HTTP/1.1 without TLS. Any other is closed with 1001
    /// (going away), and so is each one if the app has an <see cref="IForwarderHttpClientFactory"/> that is not derived from
    /// <see cref="ForwarderHttpClientFactory"/>.</remarks>
    /// <param name="builder">What <c>AddReverseProxy()</c> returns.</param>
    /// <returns>The same builder.</returns>
    public static IReverseProxyBuilder AddIpsTunnels(this IReverseProxyBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (!OperatingSystem.IsLinux() || services.Any(service => service.ServiceType == typeof(TunnelMark))) return builder;
        services.AddSingleton(new TunnelMark());
        AddFactory(services);
        services.AddHostedService<TunnelCheck>();
        var transform = new TunnelTransform();
        return builder.AddTransforms(context => context.RequestTransforms.Add(transform));
    }

    // YARP asks the last one.
    private static void AddFactory(IServiceCollection services)
    {
        var former = services.LastOrDefault(service => service is { ServiceType: var type, IsKeyedService: false }
            && type == typeof(IForwarderHttpClientFactory));
        services.AddSingleton<IForwarderHttpClientFactory>(provider =>
        {
            var inner = (IForwarderHttpClientFactory)(former?.ImplementationInstance ?? former?.ImplementationFactory?.Invoke(provider)
                ?? ActivatorUtilities.CreateInstance(provider, former?.ImplementationType ?? typeof(ForwarderHttpClientFactory)));
            return OperatingSystem.IsLinux() && CanWrap(inner)
                ? new TunnelClientFactory((ForwarderHttpClientFactory)inner,
                    provider.GetRequiredService<ILogger<ForwarderHttpClientFactory>>())
                : inner;
        });
    }

    /// <summary>Whether a factory makes its clients as YARP's own does.</summary>
    internal static bool CanWrap(IForwarderHttpClientFactory factory) => factory is ForwarderHttpClientFactory
        && factory.GetType().GetInterfaceMap(typeof(IForwarderHttpClientFactory)).TargetMethods[0].DeclaringType
            == typeof(ForwarderHttpClientFactory);
}
