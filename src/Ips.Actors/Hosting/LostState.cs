using Ips.Actors.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Hosting;

/// <summary>What an app keeps in the memory of its process, and a reload loses. Told by the services that it registers; by their names, so
/// that nothing is loaded for an app that does not use them.</summary>
internal sealed class LostState(IServiceCollection services)
{
    private const string Hubs = "Microsoft.AspNetCore.SignalR.HubLifetimeManager`1";
    private const string CircuitServices = "Microsoft.AspNetCore.Components.Server.Circuits.";
    private const string SessionStore = "Microsoft.AspNetCore.Session.ISessionStore";
    private const string Cache = "Microsoft.Extensions.Caching.Distributed.IDistributedCache";
    private const string MemoryCache = "Microsoft.Extensions.Caching.Distributed.MemoryDistributedCache";
    private const string Protection = "Microsoft.AspNetCore.DataProtection.IDataProtectionProvider";
    private const string EphemeralProtection = "Microsoft.AspNetCore.DataProtection.EphemeralDataProtectionProvider";
    private const string KeyOptions = "Microsoft.AspNetCore.DataProtection.KeyManagement.KeyManagementOptions";
    private const string OptionsNamespace = "Microsoft.Extensions.Options.";

    /// <summary>Circuits of Blazor Server.</summary>
    public bool HasCircuits => services.Any(service => NameOf(service.ServiceType).StartsWith(CircuitServices, StringComparison.Ordinal));

    /// <summary>Sessions, in a cache of this process.</summary>
    public bool HasSessions => Last(SessionStore) is not null && NameOf(Last(Cache)?.ImplementationType) == MemoryCache;

    /// <summary>What of its clients it keeps in this process alone, so that one who meets two processes in turn would miss it; null for
    /// nothing.</summary>
    public string? Kept => HasCircuits ? "circuits of Blazor Server"
        : Last(Hubs) is not null ? "connections of SignalR"
        : HasSessions ? "sessions"
        : NameOf(Last(Cache)?.ImplementationType) == MemoryCache ? "a distributed cache"
        : null;

    /// <summary>The keys of data protection are in memory only.</summary>
    /// <param name="hasHome">The user has a home folder, where the keys lie unless the app says otherwise.</param>
    public bool HasKeys(bool hasHome) => Last(Protection) is { } protection
        && (NameOf(protection.ImplementationType ?? protection.ImplementationInstance?.GetType()) == EphemeralProtection
            || (!hasHome && !services.Any(ConfiguresKeys)));

    /// <summary>Warns of each, once.</summary>
    public void Tell(ILogger log)
    {
        if (HasCircuits) log.CircuitsAreLost();
        if (HasSessions) log.SessionsAreLost();
        if (HasKeys(Environment.GetEnvironmentVariable("HOME") is { Length: > 0 })) log.KeysAreLost();
    }

    // AddDataProtection's own setup has a type of its own; what an app says is a function.
    private static bool ConfiguresKeys(ServiceDescriptor service) => service is { IsKeyedService: false, ImplementationType: null }
        && service.ServiceType is { IsGenericType: true, Namespace: { } space, GenericTypeArguments: [var argument] }
        && $"{space}." == OptionsNamespace && NameOf(argument) == KeyOptions;

    // The last one that is registered counts.
    private ServiceDescriptor? Last(string name) =>
        services.LastOrDefault(service => !service.IsKeyedService && NameOf(service.ServiceType) == name);

    private static string NameOf(Type? type) => type?.FullName ?? "";
}

internal static partial class LostStateLog
{
    [LoggerMessage(EventIds.CircuitsAreLost, LogLevel.Warning,
        "A reload ends the circuits of Blazor Server, and loses their state: see docs/app.md.")]
    public static partial void CircuitsAreLost(this ILogger logger);

    [LoggerMessage(EventIds.SessionsAreLost, LogLevel.Warning, "Sessions are kept in memory, so a reload loses them: see docs/app.md.")]
    public static partial void SessionsAreLost(this ILogger logger);

    [LoggerMessage(EventIds.KeysAreLost, LogLevel.Warning,
        "Data-protection keys are kept in memory, so a reload ends logins: see docs/app.md.")]
    public static partial void KeysAreLost(this ILogger logger);
}
