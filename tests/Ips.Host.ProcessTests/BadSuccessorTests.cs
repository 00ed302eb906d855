using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A bad release never takes over, costs no request, and is no obstacle to the next one.</summary>
public sealed class BadSuccessorTests(BadSuccessorFixture fixture, ITestOutputHelper output) : IClassFixture<BadSuccessorFixture>, IAsyncLifetime
{
    private int _mark;

    public static TheoryData<string> Names => [.. BadSuccessor.All.Select(bad => bad.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reload_BadSuccessor_IsRefusedAndNextReloadWorks(string name)
    {
        var bad = BadSuccessor.All.Single(one => one.Name == name);
        var service = fixture.Service;
        var (pid, generation) = (service.MainPid, (await service.StatusAsync()).Generation);
        bad.Put(fixture.Releases.PathOf(bad.Name));
        fixture.Releases.SwitchTo(bad.Name);

        var receipt = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);

        Assert.True(receipt.ExitCode == 4, $"'ips reload': {receipt}");
        Assert.Contains(bad.Reason, string.Join('\n', receipt.Output), StringComparison.Ordinal);
        var failure = Assert.Single(service.Log.Of(EventIds.ReloadFailed, _mark));
        Assert.Contains(bad.Reason, failure["Reason"], StringComparison.Ordinal);
        Assert.Equal(pid, service.MainPid);
        Assert.Equal(generation, await service.AnsweringGenerationAsync());
        Assert.Empty(ProcessTable.ChildrenOf(pid)); // neither a survivor nor a zombie
        await service.WaitForMainAloneAsync();

        fixture.Releases.SwitchTo(BadSuccessorFixture.Good);
        await service.ReloadAsync();
        Assert.Equal(generation + 1, await service.AnsweringGenerationAsync());
        await fixture.Load.WaitForGenerationAsync(generation + 1, Limits.Step);
        Assert.Equal(0, fixture.Load.Snapshot().FailedRequests);
    }

    public Task InitializeAsync()
    {
        _mark = fixture.Service.Log.Mark;
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        foreach (var e in fixture.Service.Log.Events.Skip(_mark)) output.WriteLine(e.ToString());
        output.WriteLine(fixture.Load.Snapshot().ToString());
        return Task.CompletedTask;
    }
}
