var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces the running process by the release that is now in its place
builder.Services.AddHealthChecks(); // a new release whose checks fail never takes over

var app = builder.Build();
app.MapIpsProbes(); // /healthz: the process answers; /readyz: it wants traffic
app.MapGet("/", () => "Hello from IpsWeb1!\n");
app.Run();
