using Serilog;

namespace Ips.AppKinds.Kinds;

/// <summary>Serilog instead of the built-in logging, with its line for each request.</summary>
internal static class SerilogApp
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Host.UseSerilog((context, logging) => logging.WriteTo.Console(formatProvider: null)
            .MinimumLevel.Override("Microsoft.AspNetCore", Serilog.Events.LogEventLevel.Warning));
        var app = builder.Build();
        app.UseSerilogRequestLogging();
        app.MapCommon();
        app.MapGet("/kind", (Microsoft.Extensions.Logging.ILoggerFactory loggers) => loggers.GetType().Name);
        return app.RunAsync();
    }
}
