using System.Data.Common;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.Api;
using Ips.Host.Cli;
using Ips.Host.Configuration;
using Ips.Host.Inventory.Storage;
using Ips.Host.Observability;
using Microsoft.Extensions.Options;

namespace Ips.Host;

/// <summary>The service itself: an ASP.NET Core app with <c>AddIps()</c>, as any other could be.</summary>
internal static class Daemon
{
    /// <summary>Serves until the lifecycle ends, and answers the exit code.</summary>
    /// <param name="settings">Valid settings.</param>
    public static async Task<int> ServeAsync(DaemonSettings settings)
    {
        var isNew = settings.Store.Postgres is null && !File.Exists(SqliteInventoryStore.FullPath(settings.Store));
        var started = false;
        try
        {
            var builder = CreateBuilder(settings);
            // After AddIps(), which takes the signals and the predecessor's word first; before anything is served. A store that cannot be
            // opened ends this process with one line; in a successor that is the reason why the reload is refused.
            var start = builder.IpsStart();
            await using var store = await InventoryStores.OpenForServiceAsync(
                settings.Store, new StoreOpening(start.IsFirst,
                    StoreIdentity.FromFact(start.Facts.GetValueOrDefault(StoreIdentity.FactName))), CancellationToken.None);
            await using var app = Build(builder, settings, store);
            app.Lifetime.ApplicationStarted.Register(() => started = true);
            await app.RunAsync();
            return Environment.ExitCode;
        }
        catch (Exception e) when (Explain(e, settings) is { } message)
        {
            // A failed start removes the store that it made, unless a service already runs here: that one may have made it.
            if (isNew && !started && e is not AlreadyRunningException) SqliteInventoryStore.RemoveUnused(settings.Store);
            return await RefuseAsync(message, ExitCode.Failed);
        }
    }

    /// <summary>Says in one line why nothing is started.</summary>
    internal static async Task<int> RefuseAsync(string message, ExitCode code)
    {
        StartReporter.ReportFailure((int)code, message); // first: stderr may be a log on a full disk
        await CliStream.Error().WriteLineAsync($"ips: {message}");
        return (int)code;
    }

    private static WebApplicationBuilder CreateBuilder(DaemonSettings settings)
    {
        // The content root is the release's own folder, whatever the working directory.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(settings.ToConfiguration());
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.AddIps();
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true); // the actors say it
        if (settings.MetricsUrl is { } url) settings.Ips.Listener.MoreMainOnly = [url];
        builder.Services.AddSingleton(Options.Create(settings.Ips)); // checked as they were read
        return builder;
    }

    private static WebApplication Build(WebApplicationBuilder builder, DaemonSettings settings, IInventoryStore store)
    {
        IIpsGeneration? generation = null;
        var started = false;
        // A start that fails is told above in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => started && level >= LogLevel.Warning);
        builder.Logging.ClearProviders().AddIpsLog(log =>
        {
            log.Format = settings.LogFormat;
            log.Generation = Number;
        });
        builder.Services.AddSingleton(Options.Create(settings.Auth));
        builder.Services.AddSingleton(Options.Create(settings.Api));
        builder.Services.AddSingleton(Options.Create(settings.AccessLog));
        builder.Services.AddInventory(store, Number);
        builder.AddObservability(settings);

        var app = builder.Build();
        generation = app.Services.GetRequiredService<IIpsGeneration>();
        generation.TellSuccessor(StoreIdentity.FactName, store.Identity.ToFact());
        generation.OnReleasing(_ => store.ReleaseAsync().AsTask()); // for the life of the process
        app.Lifetime.ApplicationStarted.Register(() => started = true);
        app.UseMetrics(settings);
        app.UseInventory();
        app.MapInventory();
        app.MapPing();
        app.MapGroup("").WithMetadata(IgnoresQuery.Instance).MapIpsProbes();
        return app;

        int Number() => generation?.Number ?? 0;
    }

    // What an operator can mend gets one line; anything else is a defect and keeps its stack.
    private static string? Explain(Exception e, DaemonSettings settings) => e switch
    {
        AlreadyRunningException or HandoverRefusedException or OptionsValidationException => e.Message,
        StoreVersionException or StoreBusyException or StoreUnavailableException or StoreRefusedException => e.Message,
        DbException => $"The inventory cannot be read: {e.Message}",
        SocketException => WithKey(e.Message, settings),
        CryptographicException or FileNotFoundException when Certificates(settings) is { Length: > 0 } paths =>
            $"A certificate of ips.kestrel cannot be used: {e.Message} Configured: {paths}.",
        IOException => WithKey(
            e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{e.Message} {inner.Message}"
                : e.Message,
            settings),
        _ => null,
    };

    // Neither Kestrel nor the kernel knows who named the address.
    private static string WithKey(string message, DaemonSettings settings)
    {
        return settings.Urls.Any(IsNamed) ? $"{message} ({DaemonKeys.Urls})"
            : settings.KestrelUrls.Any(IsNamed) ? $"{message} ({DaemonKeys.Kestrel})" : message;

        bool IsNamed(string url) => url.Split("://", 2) is [_, var address]
            && message.Contains(address.StartsWith("unix:", StringComparison.Ordinal) ? address["unix:".Length..] : address,
                StringComparison.Ordinal);
    }

    // Kestrel's errors do not say which one.
    private static string Certificates(DaemonSettings settings) => string.Join(", ",
        settings.Kestrel.Where(pair => pair.Key.EndsWith(":Path", StringComparison.OrdinalIgnoreCase)
            || pair.Key.EndsWith(":KeyPath", StringComparison.OrdinalIgnoreCase))
            .Select(pair => pair.Value).OfType<string>().Distinct());
}
