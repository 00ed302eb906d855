using System.Globalization;
using Ips.Host.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>Runs alone: it measures the memory of the whole process.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryCollection;

[Collection(nameof(MemoryTests))]
public sealed class MemoryTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer
        .StartAsync(services => services.Configure<ApiOptions>(o => o.MaxBodySizeBytes = 4096));

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Memory_UnderBadInput_StaysFlat()
    {
        async Task RoundAsync()
        {
            for (var i = 0; i < 40; i++)
            {
                await _server.SendAsync("PUT", "/v1/object/host/H1", body: new string('[', 4096));
                await _server.SendAsync("PUT", "/v1/object/host/H1", body: new string('x', 100_000));
                await _server.SendAsync("GET", "/v1/sdk/search_ip", string.Join('&', Enumerable.Range(0, 500).Select(n => $"p{n}=1")));
                await _server.SendAsync("GET", $"/v1/object/host/{i}", key: $"unknown{Guid.NewGuid():N}");
            }
        }
        await RoundAsync(); // what is made once: statements, buffers, code
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < 5; round++) await RoundAsync();
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 4 * 1024 * 1024, $"800 bad requests left {grown.ToString("N0", CultureInfo.InvariantCulture)} bytes behind.");
    }
}
