// A chat on SignalR, and its client: `SignalR client URL NAME` posts each line that is typed.
using Chat;

if (args is ["client", var url, var name])
{
    await ChatClient.RunAsync(new Uri(url), name);
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place
builder.Services.AddSingleton(new ChatStore(builder.Configuration["Data"] ?? "data"));
builder.Services.AddSignalR();
builder.Services.AddHostedService<Announcer>(); // in both generations of a reload: each has clients of its own

var app = builder.Build();
app.MapIpsProbes();
app.MapHub<ChatHub>("/chat");
app.MapGet("/messages", (long? after, ChatStore store) => store.After(after ?? 0));
app.Run();
