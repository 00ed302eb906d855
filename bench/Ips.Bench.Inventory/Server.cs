using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Bench.Inventory;

/// <summary>The inventory's pipeline on Kestrel, without the rest of the daemon.</summary>
internal static class Server
{
    public const string Key = "BENCH", Secret = "bench-secret";

    /// <summary>Serves until standard input ends.</summary>
    public static async Task RunAsync(string database)
    {
        await using var store = await InventoryStores.OpenAsync(new InventoryOptions { Path = database }, CancellationToken.None);
        await store.AddKeyAsync(new AccessKey(Key, Secret, null, DateTimeOffset.UnixEpoch, true, true, DateTimeOffset.UtcNow, ""),
            CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddInventory(store, () => 1);
        await using var app = builder.Build();
        app.UseInventory();
        app.MapInventory();
        app.MapPing();
        await app.StartAsync();
        Console.WriteLine($"port={new Uri(app.Urls.Single()).Port}");
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }
}
