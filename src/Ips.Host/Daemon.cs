using System.Net.Sockets;
using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.Hosting;
using Ips.Actors.Lifecycle;
using Ips.Host.Configuration;
using Microsoft.Extensions.Options;

namespace Ips.Host;

/// <summary>The service itself: an ASP.NET Core app with <c>AddIps()</c>, as any other could be.</summary>
internal static class Daemon
{
    /// <summary>Serves until the lifecycle ends, and answers the exit code.</summary>
    /// <param name="settings">Valid settings.</param>
    public static async Task<int> ServeAsync(DaemonSettings settings)
    {
        try
        {
            await using var app = Build(settings);
            await app.RunAsync();
            return Environment.ExitCode;
        }
        catch (Exception e) when (Explain(e) is { } message)
        {
            await Console.Error.WriteLineAsync($"ips: {message}");
            StartReporter.ReportFailure((int)ExitCode.Failed, message);
            return (int)ExitCode.Failed;
        }
    }

    private static WebApplication Build(DaemonSettings settings)
    {
        // The content root is the release's own folder, whatever the working directory.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(settings.ToConfiguration());
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.AddIps(settings.CopyTo);
        IIpsGeneration? generation = null;
        var started = false;
        // A start that fails is told below in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => started && level >= LogLevel.Warning);
        builder.Logging.ClearProviders().AddIpsLog(log =>
        {
            log.Format = settings.LogFormat;
            log.Generation = () => generation?.Number ?? 0;
        });

        var app = builder.Build();
        generation = app.Services.GetRequiredService<IIpsGeneration>();
        app.Lifetime.ApplicationStarted.Register(() => started = true);
        app.MapGet("/ping", () => "pong\n");
        app.MapIpsProbes();
        return app;
    }

    // What an operator can mend gets one line; anything else is a defect and keeps its stack.
    private static string? Explain(Exception e) => e switch
    {
        AlreadyRunningException or HandoverRefusedException or OptionsValidationException => e.Message,
        SocketException => e.Message,
        IOException => e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{e.Message} {inner.Message}" : e.Message,
        _ => null,
    };
}
