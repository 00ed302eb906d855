using System.Globalization;
using System.Text.Json;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>A daemon with access keys that the command line made, as an operator makes them.</summary>
public abstract class InventoryTest(ITestOutputHelper output) : ProcessTest(output)
{
    private const int PageSize = 1000;

    /// <summary>Two of each scheme.</summary>
    private protected IReadOnlyList<Signer> Writers { get; private set; } = [];

    /// <summary>One of each scheme, with a key that may only read.</summary>
    private protected IReadOnlyList<Signer> Readers { get; private set; } = [];

    /// <summary>A daemon whose keys are made, not started yet.</summary>
    private protected async Task<Service> PrepareAsync()
    {
        // A busy machine may take its time; how long a signature is valid and a write waits is not what these tests are about.
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            More = ["ips.auth.window = 1m", "ips.auth.nonce-capacity = 1000000",
            "ips.store.busy-timeout = 1m"]
        });
        service.WriteConfigFile();
        var (write, read) = (await AddKeyAsync(service, "WRITER"), await AddKeyAsync(service, "READER", "--read-only"));
        Writers = [new("WRITER", write, "v1"), new("WRITER", write, "v2"), new("WRITER", write, "v1"), new("WRITER", write, "v2")];
        Readers = [new("READER", read, "v1"), new("READER", read, "v2")];
        return service;
    }

    /// <summary>All hosts of the daemon by id, with their <c>mem_size</c>; the list of the class and the index of addresses must say the
    /// same.</summary>
    private protected async Task<IReadOnlyDictionary<string, long>> HostsAsync(Service service)
    {
        await using var client = new SignedClient(service.Target, Readers[0]);
        var listed = await AllAsync(page => client.AskAsync("POST", "/v1/object/host",
            body: string.Create(CultureInfo.InvariantCulture, $$"""{"page":{{page}},"page_size":{{PageSize}}}""")));
        var indexed = await AllAsync(page => client.AskAsync("GET", "/v1/sdk/search_ip",
            string.Create(CultureInfo.InvariantCulture, $"ip=10.0.0.0/8&page={page}&page_size={PageSize}")));
        Assert.Equal(listed.OrderBy(host => host.Key, StringComparer.Ordinal), indexed.OrderBy(host => host.Key, StringComparer.Ordinal));
        return listed;
    }

    private static async Task<Dictionary<string, long>> AllAsync(Func<int, Task<JsonElement>> askPage)
    {
        Dictionary<string, long> found = new(StringComparer.Ordinal);
        for (var page = 1; ; page++)
        {
            var data = await askPage(page);
            foreach (var item in data.GetProperty("list").EnumerateArray()) found
                .Add(item.GetProperty("id").GetString()!, item.GetProperty("mem_size").GetInt64());
            if (data.GetProperty("size").GetInt32() < PageSize)
            {
                Assert.Equal(data.GetProperty("total").GetInt32(), found.Count);
                return found;
            }
        }
    }

    private static async Task<string> AddKeyAsync(Service service, string name, params IReadOnlyList<string> more)
    {
        var result = await IpsCommand.RunAsync(service.Processes, service.Folder,
            ["key", "add", name, "--config", service.ConfigFile, .. more]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return Assert.Single(result.Output);
    }
}
