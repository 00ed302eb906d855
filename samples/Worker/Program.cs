// Takes orders, and works on them in the background: one generation at a time.
using Worker;

var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place
builder.Services.AddSingleton(new OrderFolder(builder.Configuration["Data"] ?? "data"));
builder.Services.AddIpsHostedService<OrderJob>(); // was AddHostedService: during a reload two generations run, and one of them works

var app = builder.Build();
app.MapIpsProbes();
app.MapGet("/orders", (OrderFolder folder) => new { Waiting = folder.Waiting().Count, folder.Done });
app.MapPost("/orders", (Order order, OrderFolder folder) => Results.Accepted(value: new { Id = folder.Add(order) }));
app.Run();
