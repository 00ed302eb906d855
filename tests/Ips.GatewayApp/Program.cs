// A gateway as YARP's own guide begins one, and one line more.
var builder = WebApplication.CreateBuilder(args);
builder.AddIps();
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));
var app = builder.Build();
app.MapReverseProxy();
app.Run();
