using Ips.Testing.Load;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>Where an app under test listens and keeps its files.</summary>
/// <param name="Folder">An existing folder of its own.</param>
/// <param name="Port">A free port on 127.0.0.1.</param>
/// <param name="SecondPort">Another one.</param>
internal sealed record AppPlace(string Folder, int Port, int SecondPort)
{
    /// <summary>A Unix socket.</summary>
    public string Socket => Path.Combine(Folder, "app.sock");

    /// <summary>A certificate; <see cref="TestCertificate.Password"/> opens it.</summary>
    public string Certificate => Path.Combine(Folder, "app.pfx");
}

/// <summary>A kind of app: a word of tests/Ips.AppKinds, and what is special about it.</summary>
/// <param name="Row">The first column of its row in docs/compatibility.md.</param>
/// <param name="Word">What starts it; empty for an app that needs no word.</param>
internal sealed record AppKind(string Row, string Word)
{
    /// <summary>Its name in the test's output, if the word alone does not tell it.</summary>
    public string? Variant { get; init; }

    /// <summary>How it is told where to listen.</summary>
    public Func<AppPlace, IReadOnlyList<string>> Arguments { get; init; } = place => ["--urls", $"http://127.0.0.1:{place.Port}"];

    /// <summary>Where the load connects to.</summary>
    public Func<AppPlace, LoadTarget> Target { get; init; } = place => LoadTarget.Loopback(place.Port);

    /// <summary>What is asked once, over HTTP/1.1: method and target.</summary>
    public IReadOnlyList<string> Requests { get; init; } = ["GET /", "GET /kind"];

    /// <summary>What differs between two answers of one app, as a regular expression.</summary>
    public string? Random { get; init; }

    /// <summary>A warning that the line adds on purpose, as a regular expression: a limit that its author should know.</summary>
    public string? NewWarning { get; init; }

    /// <summary>What a generation ends with that has handed over.</summary>
    public int ExitCode { get; init; }

    /// <summary>It speaks gRPC on the second port.</summary>
    public bool HasGrpc { get; init; }

    /// <summary>It has a SignalR hub.</summary>
    public bool HasHub { get; init; }

    public string Name => Variant is null ? Word : $"{Word} {Variant}";
}

/// <summary>All kinds in docs/compatibility.md that are whole web apps, with one endpoint or more that is handed over.</summary>
internal static class AppKindTable
{
    private const string StartupRow = "Generic host with a `Startup` class";
    private const string AkkaRow = "Akka.NET (`AddAkka()`), before or after the line";

    public static IReadOnlyList<AppKind> All { get; } =
    [
        new("Minimal API (`WebApplication.CreateBuilder`)", "minimal"),
        new("`CreateSlimBuilder`", "slim"),
        new("`CreateEmptyBuilder` with Kestrel", "empty"),
        new("MVC controllers", "mvc")
        {
            Requests = ["GET /", "GET /kind", "GET /kind?number=2", "GET /kind?number=x", "POST /kind"], Random = "\"traceId\":\"[^\"]*\"",
        },
        new("Razor pages, static files", "razor-pages") { Requests = ["GET /", "GET /kind", "GET /style.css"] },
        new(StartupRow, "startup-before"),
        new(StartupRow, "startup-after"),
        new(StartupRow, "startup-inside"),
        new("Endpoints in code: `ConfigureKestrel`, `Listen*`", "listen") { Arguments = place => ["--port", $"{place.Port}"] },
        new("Endpoints in code: `app.Urls`", "app-urls") { Arguments = place => ["--port", $"{place.Port}"] },
        new("Endpoints by configuration: `Kestrel:Endpoints`", "minimal")
        {
            Variant = "by configuration",
            Arguments = place => ["--Kestrel:Endpoints:A:Url", $"http://127.0.0.1:{place.Port}"],
        },
        new("A Unix socket", "minimal")
        {
            Variant = "on a Unix socket",
            Arguments = place => ["--urls", $"http://unix:{place.Socket}"],
            Target = place => LoadTarget.Unix(place.Socket),
        },
        new("TLS", "minimal")
        {
            Variant = "over TLS",
            Arguments = place =>
            [
                "--urls", $"https://127.0.0.1:{place.Port}", "--Kestrel:Certificates:Default:Path", place.Certificate,
                "--Kestrel:Certificates:Default:Password", TestCertificate.Password,
            ],
            Target = place => LoadTarget.LoopbackTls(place.Port),
        },
        new("gRPC, HTTP/2 by prior knowledge", "grpc")
        {
            Arguments = place =>
            [
                "--Kestrel:Endpoints:A:Url", $"http://127.0.0.1:{place.Port}",
                "--Kestrel:Endpoints:B:Url", $"http://127.0.0.1:{place.SecondPort}", "--Kestrel:Endpoints:B:Protocols", "Http2",
            ],
            HasGrpc = true,
        },
        new("SignalR", "signalr") { HasHub = true },
        new("Blazor Server (interactive server components)", "blazor")
        {
            Requests = ["GET /", "GET /kind", "GET /_framework/blazor.web.js", "POST /_blazor/negotiate?negotiateVersion=1"],
            Random = "\"(prerenderId|descriptor|connectionId|connectionToken)\":\"[^\"]*\"|<!--Blazor-Server-Component-State:[^>]*>"
                + "|Antiforgery[^;]*|\r\n[0-9a-f]+\r\n", // the last one is a chunk's size
            NewWarning = "Blazor|circuit",
        },
        new("Sessions in memory", "sessions") { Random = "Session=[^;]*", NewWarning = "Sessions are kept in memory" },
        new("Health checks, also one that passes late", "health-checks")
        {
            Requests = ["GET /", "GET /kind", "GET /app/health"], NewWarning = "startup task is still running",
        },
        new("`BackgroundService`", "background") { NewWarning = "AddIpsHostedService" },
        new(AkkaRow, "akka-before"),
        new(AkkaRow, "akka-after"),
        new("A node of an Akka.NET cluster", "akka-cluster") { ExitCode = 255 }, // Akka.Hosting's, of a host whose node left the cluster
        new("Autofac as the container", "autofac"),
        new("Serilog", "serilog"),
        new("OpenTelemetry, traces and metrics", "opentelemetry") { Requests = ["GET /kind", "GET /"] },
        new("Output cache, rate limiter, compression", "middleware")
        {
            Requests = ["GET /", "GET /kind", "GET /kind\r\nAccept-Encoding: gzip"],
        },
    ];

    public static AppKind Of(string name) => All.Single(kind => kind.Name == name);
}
