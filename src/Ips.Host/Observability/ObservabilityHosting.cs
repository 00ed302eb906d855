using System.Diagnostics.Metrics;
using Ips.Host.Configuration;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Ips.Host.Observability;

/// <summary>How the daemon takes OpenTelemetry in: <c>/metrics</c> for a scraper, and OTLP where the standard variables ask for
/// it.</summary>
internal static class ObservabilityHosting
{
    private static readonly string[] s_otlp =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    private static readonly string[] s_meters =
        ["Ips", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql"];

    private static string? Version => typeof(ObservabilityHosting).Assembly.GetName().Version?.ToString(3);

    /// <summary>Registers what is asked for; nothing, if nothing is.</summary>
    public static void AddObservability(this WebApplicationBuilder builder, DaemonSettings settings)
    {
        var otlp = s_otlp.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })
            && !string.Equals(Environment.GetEnvironmentVariable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        if (otlp)
        {
            builder.Services.AddOpenTelemetry().ConfigureResource(Describe)
                .WithMetrics(metrics => metrics.AddMeter(s_meters))
                .WithTracing(tracing => tracing.AddSource("Ips", "Microsoft.AspNetCore"))
                .UseOtlpExporter();
        }

        if (settings.MetricsUrl is not null) builder.Services.AddKeyedSingleton(MetricsEndpoint.Path, (_, _) => Prometheus());
    }

    // Apart from OTLP's, which keeps the instruments' own names.
    private static MeterProvider Prometheus()
    {
        var metrics = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(s_meters)
            // A scrape is answered from the state of now: that of a moment ago may be the predecessor's.
            .AddPrometheusExporter(exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0)
            .AddView(PrometheusName);
        return metrics.Build();
    }

    // Prometheus keeps "_count" for histograms; promtool complains of a gauge that ends so.
    private static MetricStreamConfiguration? PrometheusName(Instrument instrument) =>
        instrument.Name.EndsWith(".count", StringComparison.Ordinal) && instrument.GetType().GetGenericTypeDefinition() is { } kind
            && (kind == typeof(UpDownCounter<>) || kind == typeof(ObservableUpDownCounter<>)
                || kind == typeof(Gauge<>) || kind == typeof(ObservableGauge<>))
            ? new() { Name = $"{instrument.Name[..^"count".Length]}current" } : null;

    private static void Describe(ResourceBuilder resource) => resource.AddService("ips", serviceVersion: Version);

    /// <summary>Serves <c>/metrics</c> at its own address, and nothing else there.</summary>
    public static void UseMetrics(this WebApplication app, DaemonSettings settings)
    {
        if (settings.MetricsUrl is not { } url) return;
        var port = MetricsEndpoint.PortOf(url);
        app.MapWhen(context => context.Connection.LocalPort == port, metrics => metrics
            .Use(async (context, next) =>
            {
                if (MetricsEndpoint.Refusal(context.Request) is { } refusal) await AnswerAsync(context, 403, refusal);
                else if (context.Request.Path != MetricsEndpoint.Path) await AnswerAsync(context, 404, "Only /metrics is here.");
                else if (!HttpMethods.IsGet(context.Request.Method)) await AnswerAsync(context, 405, "Only GET is answered.");
                else await next(context);
            })
            .UseOpenTelemetryPrometheusScrapingEndpoint(app.Services.GetRequiredKeyedService<MeterProvider>(MetricsEndpoint.Path),
                null, MetricsEndpoint.Path, null, null));
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
