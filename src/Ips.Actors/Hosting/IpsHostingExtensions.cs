using Ips.Actors.Configuration;
using Ips.Actors.Hosting;
using Ips.Actors.Launch;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

/// <summary>Makes a running ASP.NET Core app replaceable.</summary>
/// <remarks>Ips needs Linux and Kestrel. Elsewhere it does nothing, and says so in one log line of level Debug: on Windows and macOS, with
/// another server such as <c>TestServer</c>, and where a tool runs the app's entry point (<c>WebApplicationFactory</c>,
/// <c>dotnet ef</c>, the build-time OpenAPI generator). <see cref="IIpsGeneration"/> then stands for the only generation.</remarks>
public static class IpsHostingExtensions
{
    /// <summary>
    /// Lets SIGUSR2 replace the app without a client noticing: its Kestrel endpoints, wherever they are configured, pass to a successor
    /// that is started with the same command line. Call it right after the builder was created.
    /// </summary>
    /// <typeparam name="TBuilder">The type of the builder, such as <c>WebApplicationBuilder</c>.</typeparam>
    /// <param name="builder">The app's builder.</param>
    /// <param name="configure">Sets options in code, after the configuration section <c>Ips</c>. No option is required. It is called twice;
    /// the first call, before the handover begins, is for <see cref="TakeoverOptions.From"/>.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="Ips.Actors.Handover.HandoverRefusedException">This process was started as a successor, or to take a service over
    /// (<see cref="TakeoverOptions.From"/>), and cannot.</exception>
    public static TBuilder AddIps<TBuilder>(this TBuilder builder, Action<IpsOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        IpsRegistration.Add(builder.Services, builder.Configuration, configure, IpsRegistration.Begin());
        return builder;
    }

#pragma warning disable RS0026 // no builder is both, so no call is ambiguous
    /// <summary>The same as <see cref="AddIps"/> for an app on the generic host, with or without a <c>Startup</c> class.</summary>
    /// <param name="builder">The app's builder. The order of <c>UseIps()</c> and <c>ConfigureWebHostDefaults()</c> does not
    /// matter.</param>
    /// <param name="configure">Sets options in code, after the configuration section <c>Ips</c>. It is called twice, as by
    /// <see cref="AddIps"/>.</param>
    /// <returns>The same builder.</returns>
    public static IHostBuilder UseIps(this IHostBuilder builder, Action<IpsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var facts = IpsRegistration.Begin();
        return builder.ConfigureServices((context, services) => IpsRegistration.Add(services, context.Configuration, configure, facts));
    }

    /// <summary>The same as <see cref="AddIps"/> for the web part of the generic host, inside <c>ConfigureWebHostDefaults()</c>.</summary>
    /// <param name="builder">The web host's builder. One that is not part of a generic host, such as that of
    /// <c>WebHost.CreateDefaultBuilder()</c>, runs as it would without Ips.</param>
    /// <param name="configure">Sets options in code, after the configuration section <c>Ips</c>. It is called twice, as by
    /// <see cref="AddIps"/>.</param>
    /// <returns>The same builder.</returns>
    public static IWebHostBuilder UseIps(this IWebHostBuilder builder, Action<IpsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var facts = IpsRegistration.Begin();
        return builder.ConfigureServices((context, services) => IpsRegistration.Add(services, context.Configuration, configure,
            facts with { HasGenericHost = services.Any(service => service.ServiceType == typeof(IHost)) }));
    }
#pragma warning restore RS0026

    /// <summary>Gets how this process was started, for decisions that an app makes before it is built, such as which database it may
    /// open. Services of the app can ask for <see cref="IpsStart"/> in their constructor instead.</summary>
    /// <param name="builder">The app's builder, after <see cref="AddIps"/>.</param>
    /// <returns>The generation's number, whether it is the first, and the facts that its predecessor passed on.</returns>
    /// <exception cref="InvalidOperationException"><see cref="AddIps"/> was not called on this builder.</exception>
    public static IpsStart IpsStart(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.FirstOrDefault(service => service.ServiceType == typeof(IpsStart))?.ImplementationInstance as IpsStart
            ?? throw new InvalidOperationException("AddIps() was not called on this builder.");
    }
}
