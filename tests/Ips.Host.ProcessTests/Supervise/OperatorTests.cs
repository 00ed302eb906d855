using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Supervise;

/// <summary>What an operator does by hand, and what a machine runs short of.</summary>
public sealed class OperatorTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Pause_ReadinessFailsAndServingGoesOn_AlsoOverAReload()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        Assert.Equal(200, await ReadinessAsync());

        await RunAsync("pause");
        Assert.Equal(503, await ReadinessAsync());
        Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/ping")).Status);
        Assert.True((await service.StatusAsync()).Paused);

        await service.ReloadAsync();
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal(503, await ReadinessAsync());

        await RunAsync("resume");
        Assert.Equal(200, await ReadinessAsync());
        await service.ReloadAsync();
        Assert.Equal(200, await ReadinessAsync());

        async Task<int> ReadinessAsync() => (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/readyz")).Status;
        async Task RunAsync(string verb)
        {
            var result = await IpsCommand.RunAsync(verb, "--pid-file", service.PidFile);
            Assert.True(result.ExitCode == 0, result.ToString());
        }
    }

    [Fact]
    public async Task EnvironmentFile_IsReadAtEachReload_AndABadOneRefusesIt()
    {
        var file = Path.Combine(Folder, "service.env");
        await File.WriteAllTextAsync(file, "A=1\n");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { More = [$"ips.reload.env-file = \"{file}\""] });
        Assert.Null(Variable("A"));

        await File.WriteAllTextAsync(file, "# a comment\nA=one\nexport B=\"two words\"\n");
        await service.ReloadAsync();
        Assert.Equal(("one", "two words"), (Variable("A"), Variable("B")));

        await File.WriteAllTextAsync(file, "A=two\n\nno equals sign\n");
        var before = service.MainPid;
        var refused = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, refused.Id);
        Assert.Contains($"{file}:3:", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, service.MainPid);

        await File.WriteAllTextAsync(file, "A=two\nunset B\n");
        await service.ReloadAsync();
        Assert.Equal(("two", null), (Variable("A"), Variable("B")));

        string? Variable(string name) => ProcFs.EnvironmentOf(service.MainPid)
            .FirstOrDefault(entry => entry.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..];
    }

    [Fact]
    public async Task Accept_NoDescriptorLeft_ClientsWaitAndAreServedWhenThereIsOne()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            // Or the debugger's thread waits in open(2) of a pipe, with a number that is neither free nor seen.
            Environment = new Dictionary<string, string?> { ["DOTNET_EnableDiagnostics"] = "0" },
        });
        using var warm = await RawClient.ConnectAsync(service.Port);
        var pid = service.MainPid;
        await SettleAsync(pid, warm);
        var lines = Assert.Single(service.Log.Of(EventIds.OpenFilesLimit));
        Assert.Equal(File.ReadLines($"/proc/{pid}/limits").Single(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[4], lines["Limit"]);

        // The limit is on numbers: all below the first free one are in use.
        var numbers = Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd")
            .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).ToHashSet();
        var free = Enumerable.Range(0, int.MaxValue).First(number => !numbers.Contains(number));
        var mark = service.Log.Mark;
        await LimitAsync(free + 1);
        using var last = await RawClient.ConnectAsync(service.Port);
        Assert.Contains("200 OK", await last.GetAsync("/ping"), StringComparison.Ordinal);

        using var waiting = await RawClient.ConnectAsync(service.Port); // by the kernel
        await waiting.SendGetAsync("/ping");
        await service.Log.WaitForAsync(mark, EventIds.AcceptStarved);
        var second = service.Log.Mark;
        await service.Log.WaitForAsync(second, EventIds.AcceptStarved); // it says so again, as long as it lasts
        var told = service.Log.Of(EventIds.AcceptStarved, mark);
        Assert.True(At(told[1]) - At(told[0]) > TimeSpan.FromMilliseconds(900), "It is told more than once a second.");

        // What is open is served on; and what waits as soon as one ends.
        Assert.Contains("200 OK", await warm.GetAsync("/ping"), StringComparison.Ordinal);
        last.Dispose();
        Assert.Contains("200 OK", await waiting.ReadUntilAsync(text => text.Contains("\r\n\r\n", StringComparison.Ordinal)),
            StringComparison.Ordinal);

        await LimitAsync(4096);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.ReloadAsync();

        // The runtime opens some of its own with the first requests, a moment later.
        static async Task SettleAsync(int pid, RawClient client)
        {
            for (var same = 0; same < 5;)
            {
                var before = Descriptors.Of(pid);
                await client.GetAsync("/ping");
                await Task.Delay(100);
                same = Descriptors.Of(pid).SequenceEqual(before) ? same + 1 : 0;
            }
        }

        static DateTimeOffset At(ServiceEvent told) => DateTimeOffset.Parse(told.Time, CultureInfo.InvariantCulture);

        async Task LimitAsync(int limit)
        {
            var result = await IpsCommand.RunProgramAsync(null, null, "prlimit", "--pid", $"{pid}",
                $"--nofile={limit}:{Math.Max(limit, 4096)}");
            Assert.True(result.ExitCode == 0, result.ToString());
        }
    }
}
