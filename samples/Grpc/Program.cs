// A notebook over gRPC, and its client: `Grpc follow URL [NUMBER]` and `Grpc add URL TEXT`.
using Notes;

if (args is ["follow" or "add", _, ..])
{
    await NotesClient.RunAsync(args);
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place
builder.Services.AddSingleton(new NoteStore(builder.Configuration["Data"] ?? "data"));
builder.Services.AddGrpc();

var app = builder.Build();
app.MapIpsProbes();
app.MapGrpcService<NoteBookService>();
app.Run();
