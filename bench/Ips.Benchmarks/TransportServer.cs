using System.Net;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Ips.Benchmarks;

/// <summary>The app under load, on Kestrel's own transport or on ours; prints its port and serves until its input ends.</summary>
internal static class TransportServer
{
    public static async Task<int> RunAsync(string transport)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var ours = transport == "ips";
        if (ours)
        {
            builder.Services.AddSingleton<ConnectionRegistry>();
            builder.Services.AddSingleton(services => new HandoverConnectionFactory(
                services.GetRequiredService<IOptions<SocketTransportOptions>>().Value,
                services.GetRequiredService<IMemoryPoolFactory<byte>>(),
                services.GetRequiredService<ConnectionRegistry>(),
                services.GetRequiredService<ILogger<HandoverConnectionFactory>>()));
            builder.Services.AddSingleton<IConnectionListenerFactory, SocketListenerFactory>();
        }

        await using var app = builder.Build();
        if (ours) app.UseMiddleware<RequestBoundaryMiddleware>();
        var large = new byte[100 * 1024];
        Array.Fill(large, (byte)'x');
        app.MapGet("/ping", () => "pong");
        app.MapGet("/large", () => Results.Bytes(large));
        app.MapPost("/upload", async (HttpRequest request) =>
        {
            var buffer = new byte[16 * 1024];
            var total = 0;
            int count;
            while ((count = await request.Body.ReadAsync(buffer)) > 0) total += count;
            return Results.Text(total.ToString(System.Globalization.CultureInfo.InvariantCulture));
        });
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Urls.First()).Port);

        while (Console.In.Read() >= 0)
        {
        }
        await app.StopAsync();
        return 0;
    }
}
