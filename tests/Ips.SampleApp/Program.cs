using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.SampleApp;
using Ips.Testing.Fuzz;
using Ips.Testing.Fuzz.Channels;
using Ips.Testing.Load;
using Microsoft.Extensions.Diagnostics.HealthChecks;

if (args is [HostilePeer.Argument, ..]) return HostilePeer.Run(args);
if (BareApp.TryRun(args)) return Environment.ExitCode;
ReleaseFolder.WaitWhileHeld(ReleaseFolder.HoldBeforeHello);

var builder = WebApplication.CreateBuilder(args);
builder.Configuration["Ips:GenerationHeader"] ??= "true"; // tests ask who has answered
builder.AddIps(options => ConnectionUser.Configure(options, builder.Configuration)); // `builder.AddIps()` is all that Ips asks of an app
ConnectionUser.Configure(builder);
var telemetry = Telemetry.Configure(builder);
Hubs.Configure(builder);
BadStart.ThrowIfMarked();

// One write a line: the generations of a test share one log file, and their lines must not tear each other.
IIpsGeneration? generation = null;
builder.Logging.ClearProviders().AddIpsLog(log => (log.Format, log.Generation) = (LineFormat.Json, () => generation?.Number ?? 0));
if (builder.Configuration.GetValue<bool>("Console")) builder.Logging.AddSimpleConsole();
builder.Services.AddHealthChecks().AddCheck("release", () => ReleaseFolder.Has(ReleaseFolder.Unhealthy)
    ? HealthCheckResult.Unhealthy("the release is marked as unhealthy") : HealthCheckResult.Healthy());
builder.Services.AddHostedService<HeldStart>();
builder.Services.AddHostedService<NumberedLines>();
builder.Services.AddHostedService<ExclusiveJob>();
builder.Services.AddIpsHostedService<PrimaryJob>();
builder.Services.AddHostedService<BadStart>();
builder.Services.AddHostedService<LineServer>();
builder.Services.AddHostedService<LoneServer>();
builder.Services.AddHostedService<FileLog>();

var app = builder.Build();
generation = app.Services.GetRequiredService<IIpsGeneration>();
if (ReleaseFolder.Has(ReleaseFolder.DiesWhenServing)) generation.OnServing(DieAsync);
HeldStop.Configure(app);
telemetry?.Use(app);
app.Use(CloseAfterResponse);
if (app.Configuration.GetValue<bool>("Sample:Tenant")) app.Use(RequireTenant);
var failing = ReleaseFolder.Has(ReleaseFolder.FailsRequests);
if (ReleaseFolder.Has(ReleaseFolder.FailsWhenServing)) generation.OnServing(_ => { failing = true; return Task.CompletedTask; });
app.Use((context, next) => failing ? FailAsync(context) : next(context));
app.UseWebSockets();
app.UseRouting();
app.MapLoadEndpoints();
app.MapFuzzEndpoints();
app.MapIpsProbes();
BadRelease.Map(app, generation);
app.MapHealthChecks("/health");

// What this process runs, and what it was configured by: the content root of a release that is switched must be the new one's.
app.MapGet("/release", (IConfiguration configuration) => $"{ReleaseFolder.Name} configured by {configuration["Release"]}");
ConnectionUser.Map(app);
Hubs.Map(app);
app.MapGet("/listeners", ListeningSockets.Describe);
app.Map("/ws", WebSocketEcho.ServeAsync);
app.MapResumableWebSocket("/chain", (context, socket) => ChainChat.ServeAsync(context, socket, generation.Number), options =>
    (options.Compress, options.KeepAliveInterval) = (true, TimeSpan.FromMilliseconds(150)));
app.MapGet("/events", ServerSentEvents.ServeAsync);

// What is left in managed memory when nothing is that nobody refers to.
app.MapGet("/memory", () => GC.GetTotalMemory(forceFullCollection: true));
app.Run();
return Environment.ExitCode; // what Ips has decided

// /close/X answers as /X does, and closes the connection from this side right after it.
static Task CloseAfterResponse(HttpContext context, RequestDelegate next)
{
    if (context.Request.Path.StartsWithSegments("/close", out var rest))
    {
        context.Request.Path = rest;
        context.Response.Headers.Connection = "close";
    }

    return next(context);
}

// As an app does whose tenants are known by a header.
static Task RequireTenant(HttpContext context, RequestDelegate next) =>
    context.Request.Headers.ContainsKey("X-Tenant") ? next(context) : throw new InvalidOperationException("The request has no X-Tenant.");

// No health check sees it.
static Task FailAsync(HttpContext context)
{
    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
    return Task.CompletedTask;
}

static Task DieAsync(CancellationToken cancellationToken)
{
    Process.GetCurrentProcess().Kill();
    return Task.CompletedTask;
}
