using System.Net;

namespace Ips.Benchmarks;

/// <summary>The app under load, on Kestrel's own transport or with <c>AddIps()</c>; prints its port and serves until its input
/// ends.</summary>
internal static class TransportServer
{
    public static async Task<int> RunAsync(string transport)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        using var folder = new TemporaryFolder();
        if (transport == "ips") builder.AddIps(options => options.PidFile = Path.Combine(folder.Path, "ips.pid"));

        await using var app = builder.Build();
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

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("ips-bench-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
