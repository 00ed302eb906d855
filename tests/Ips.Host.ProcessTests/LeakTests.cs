using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What one generation leaves to the next, over many: nothing but what it should.</summary>
public sealed class LeakTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int SlowReaders = 8;

    [Fact]
    public async Task Generation20_HasDescriptorsOfGeneration2_AndNoZombies()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        using var idle = await RawClient.ConnectAsync(service.Port); // moves along from generation to generation
        await idle.GetAsync("/ping");
        IReadOnlyList<string> second = [];
        for (var generation = 2; generation <= 20; generation++)
        {
            await service.ReloadAsync();
            await service.WaitForMainAloneAsync();
            // The same is asked of each, as .NET opens some things only when they are needed.
            Assert.Equal(generation, await service.AnsweringGenerationAsync());
            Assert.Contains($"X-Ips-Generation: {generation}\r\n", await idle.GetAsync("/ping"), StringComparison.Ordinal);
            Assert.Equal(generation, (await service.StatusAsync()).Generation);
            if (generation == 2) second = await Descriptors.SettledAsync(service, open: 1);
        }

        await Descriptors.SettledAsync(service, open: 1);
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, second);
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(service.MainPid).Count == 0, "an end of the children");
    }

    // With SO_LINGER left on by a former owner, the kernel would reset each connection at its close and drop what was not read yet.
    [Fact]
    public async Task Reload_SlowReaders_GetWholeResponses()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp));
        var before = await StartReadersAsync(service, "/close/large", "/large");
        await service.ReloadAsync();
        var after = await StartReadersAsync(service, "/close/large", "/large");
        await service.ReloadAsync();

        foreach (var (path, reading) in before.Concat(after))
        {
            var result = await reading;
            Assert.True(result is { Failure: null, BodyBytes: 512 * 1024 }, $"{path}: {result}");
            Assert.True(result.SaidClose || path == "/large", $"{path}: {result}");
        }

        Assert.Equal("linger off", (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/listeners")).Body);
    }

    private static async Task<List<(string Path, Task<SlowReadResult> Reading)>> StartReadersAsync(Service service,
        params IReadOnlyList<string> paths)
    {
        List<(string, Task<SlowReadResult>)> readings = [];
        foreach (var path in paths)
        {
            for (var i = 0; i < SlowReaders; i++)
            {
                var reader = await SlowReader
                    .StartAsync(new SlowReaderOptions { Target = service.Target, Path = path, Timeout = Limits.Step });
                readings.Add((path, FinishAsync(reader)));
            }
        }

        return readings;
    }

    private static async Task<SlowReadResult> FinishAsync(SlowReader reader)
    {
        await using (reader) return await reader.FinishAsync();
    }
}
