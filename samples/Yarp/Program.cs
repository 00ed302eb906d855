// A gateway, as YARP's own guide begins one.
var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
    .AddIpsTunnels(); // WebSockets that are proxied go on in the next release

var app = builder.Build();
app.MapIpsProbes("/gateway/healthz", "/gateway/readyz"); // the gateway's own; those of the backend are proxied
app.MapGet("/gateway", () => Results.File(Path.Combine(AppContext.BaseDirectory, "page.html"), "text/html"));
app.MapReverseProxy();
app.Run();
