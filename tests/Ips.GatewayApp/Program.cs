// A gateway as YARP's own guide begins one, and one line more.
var builder = WebApplication.CreateBuilder(args);
builder.AddIps();
var proxy = builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));
if (builder.Configuration["Tunnels"] is "true") proxy.AddIpsTunnels();
var app = builder.Build();
app.MapReverseProxy();
app.Run();
