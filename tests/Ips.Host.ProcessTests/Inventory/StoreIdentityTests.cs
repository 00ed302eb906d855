using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>Which store a service has open: a reload onto another store, or onto none, loses no request, and the service reports a
/// store that is gone.</summary>
[Trait("issue", "12")]
public sealed class StoreIdentityTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Key = "A1";
    private const int Refused = 4;

    [Fact]
    public async Task StoreMovedAway_UnderLoad_FailsReadinessAndWritesAndNoReloadIsPromoted()
    {
        var (service, load) = await StartAsync();
        await using var _ = load;
        var moved = $"{service.StoreFile}.moved";
        File.Move(service.StoreFile, moved);
        var from = load.Now;
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Away, from);
        // A result is used for a second.
        await Eventually.TrueAsync(async () => (await ReadyAsync(service)).Status == 503, "failing readiness");
        Assert.Contains("the store was removed or replaced while it was open", (await ReadyAsync(service)).Body, StringComparison.Ordinal);

        foreach (var verb in (string[][])[["--check"], [], ["--accept-store"], ["--ignore-check", "store"]])
        {
            var refused = await ReloadAsync(service, verb);
            Assert.True(refused.ExitCode == Refused, refused.ToString());
            Assert.Contains($"There is no store at {service.StoreFile}", refused.ToString(), StringComparison.Ordinal);
            Assert.False(File.Exists(service.StoreFile), $"{string.Join(' ', verb)} made a store.");
        }

        Assert.Equal(1, await service.AnsweringGenerationAsync());
        // Reads go on over the connections that were open; no new one is opened.
        Assert.DoesNotContain(load.Faults(), fault => fault.Key != StoreLoad.Away);

        File.Move(moved, service.StoreFile);
        await Eventually.TrueAsync(async () => (await ReadyAsync(service)).Status == 200, "a ready service");
        from = load.Now;
        var promoted = await ReloadAsync(service);
        Assert.True(promoted.ExitCode == 0, promoted.ToString());
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Good, load.Now);
        Assert.Empty(load.Faults(from));
    }

    [Fact]
    public async Task Reload_OnAnotherStore_UnderLoad_IsRefusedUnlessAccepted()
    {
        var (service, load) = await StartAsync();
        await using var _ = load;
        var (typo, other, copy) = ($"{service.StoreFile}-typo", Path.Combine(service.Folder, "other.db"),
            Path.Combine(service.Folder, "copy.db"));
        Backup(service.StoreFile, copy);
        var config = await File.ReadAllTextAsync(service.ConfigFile);
        await PointToAsync(service, config, other);
        var secret = await AddKeyAsync(service);

        // A typing error in the path.
        await PointToAsync(service, config, typo);
        await AssertRefusedAsync(service, [], $"There is no store at {typo}", service.StoreFile, "ips.store.path", "--accept-store",
            await IdAsync(service.StoreFile));
        await AssertRefusedAsync(service, ["--check"], $"There is no store at {typo}");
        Assert.False(File.Exists(typo));

        // A store of its own.
        await PointToAsync(service, config, other);
        string[] both = [service.StoreFile, other, await IdAsync(service.StoreFile), await IdAsync(other), "ips.store.path",
            "--accept-store"];
        await AssertRefusedAsync(service, [], both);
        await AssertRefusedAsync(service, ["--check"], both);

        // A copy has the same UUID, and is not what the service writes to.
        await PointToAsync(service, config, copy);
        await AssertRefusedAsync(service, [], "is a copy, or took its place", service.StoreFile, copy);

        // By another way that a successor comes.
        await PointToAsync(service, config, other);
        var candidate = await IpsCommand.RunAsync(service.Processes, service.Folder,
            ["run", "--config", service.ConfigFile, "--takeover", $"{service.Folder}/takeover.sock"]);
        Assert.True(candidate.ExitCode == 1, candidate.ToString());
        Assert.All(both, part => Assert.Contains(part, candidate.ToString(), StringComparison.Ordinal));

        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Empty(load.Faults());
        await load.StopAsync();

        var check = await ReloadAsync(service, "--check", "--accept-store");
        Assert.True(check.ExitCode == 0, check.ToString());
        var accepted = await ReloadAsync(service, "--accept-store");
        Assert.True(accepted.ExitCode == 0, accepted.ToString());
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        await using var client = new StoreLoad(service.Port, Key, secret, readers: 0, writers: 0);
        Assert.Equal(StoreLoad.Good, await client.WriteAsync("H1", 1));

        // From here on it is the one to compare with: the first store is another one now.
        await File.WriteAllTextAsync(service.ConfigFile, config);
        await AssertRefusedAsync(service, [], both);
    }

    [Fact]
    public async Task Start_BehindACrash_StoreIsGone_MakesNoEmptyOne()
    {
        var (service, load) = await StartAsync();
        await load.DisposeAsync();
        service.Signal(ProcessTable.SigKill);
        Assert.NotEqual(0, await service.First.WaitForExitAsync(Limits.Step));
        File.Delete(service.StoreFile);
        var refused = await IpsCommand.RunAsync(service.Processes, service.Folder, ["run", "--config", service.ConfigFile]);
        Assert.True(refused.ExitCode == 1, refused.ToString());
        Assert.Contains($"{service.StoreFile}-nonces is left of one", refused.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(service.StoreFile));

        foreach (var verb in (string[][])[["export", Path.Combine(service.Folder, "all.jsonl")], ["key", "list"], ["check"], ["doctor"]])
        {
            await IpsCommand.RunAsync(service.Processes, service.Folder, [.. verb, "--config", service.ConfigFile]);
            Assert.False(File.Exists(service.StoreFile), $"{verb[0]} made a store.");
        }

        // Said plainly, it begins anew.
        foreach (var left in Directory.GetFiles(service.Folder, $"{Path.GetFileName(service.StoreFile)}-*")) File.Delete(left);
        await service.StartAsync();
        Assert.True(File.Exists(service.StoreFile));
    }

    [Fact]
    public async Task Reload_TermThatIsNotKnown_IsRefusedBeforeAnythingIsStarted()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var mark = service.Log.Mark;
        var refused = await ReloadAsync(service, "--ignore-check", "stoer");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("this service has no health check 'stoer'; it has store", refused.ToString(), StringComparison.Ordinal);
        Assert.Empty(service.Log.Of(EventIds.SuccessorSpawned, mark));
    }

    private async Task<(Service Service, StoreLoad Load)> StartAsync()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            More = ["ips.auth.window = 1m", $"ips.takeover.socket = \"{Path.Combine(Folder, "service0", "takeover.sock")}\""],
        });
        service.WriteConfigFile();
        var secret = await AddKeyAsync(service);
        await service.StartAsync();
        var load = new StoreLoad(service.Port, Key, secret);
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Good, TimeSpan.Zero);
        return (service, load);
    }

    private static async Task<string> AddKeyAsync(Service service)
    {
        var result = await IpsCommand.RunAsync(service.Processes, service.Folder, ["key", "add", Key, "--config", service.ConfigFile]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return Assert.Single(result.Output);
    }

    private static Task PointToAsync(Service service, string config, string store) =>
        File.WriteAllTextAsync(service.ConfigFile, config.Replace($"\"{service.StoreFile}\"", $"\"{store}\"", StringComparison.Ordinal));

    private static async Task AssertRefusedAsync(Service service, IReadOnlyList<string> options, params IReadOnlyList<string> words)
    {
        var refused = await ReloadAsync(service, [.. options]);
        Assert.True(refused.ExitCode == Refused, refused.ToString());
        Assert.All(words, word => Assert.Contains(word, refused.ToString(), StringComparison.Ordinal));
    }

    private static Task<CommandResult> ReloadAsync(Service service, params IReadOnlyList<string> options) =>
        IpsCommand.RunAsync(service.Processes, service.Folder, ["reload", "--pid-file", service.PidFile, .. options]);

    private static Task<ProbeAnswer> ReadyAsync(Service service) => HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/readyz");

    private static void Backup(string from, string to)
    {
        using var source = new SqliteConnection($"Data Source={from};Mode=ReadWrite;Pooling=false");
        using var target = new SqliteConnection($"Data Source={to};Pooling=false");
        source.Open();
        target.Open();
        source.BackupDatabase(target);
    }

    private static async Task<string> IdAsync(string file)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Mode=ReadWrite;Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM ips_store";
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
