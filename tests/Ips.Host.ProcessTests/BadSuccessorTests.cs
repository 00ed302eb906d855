using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A bad release never takes over, costs no request, and is no obstacle to the next one.</summary>
public sealed class BadSuccessorTests(BadSuccessorFixture fixture, ITestOutputHelper output) : IClassFixture<BadSuccessorFixture>,
    IAsyncLifetime
{
    private int _mark;

    public static TheoryData<string> Names => [.. BadSuccessor.All.Select(bad => bad.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reload_BadSuccessor_IsRefusedAndNextReloadWorks(string name)
    {
        var bad = BadSuccessor.All.Single(one => one.Name == name);
        bad.Put(fixture.Scene.Releases.PathOf(bad.Name));

        await fixture.Scene.BeginAsync(bad.Name);
        await fixture.Scene.AssertRefusedAsync(bad.Reason);
        await fixture.Scene.AssertNextReloadWorksAsync();
        Assert.Empty(fixture.Scene.Failures);
    }

    public Task InitializeAsync()
    {
        _mark = fixture.Scene.Service.Log.Mark;
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        foreach (var e in fixture.Scene.Service.Log.Events.Skip(_mark)) output.WriteLine(e.ToString());
        output.WriteLine(fixture.Scene.Load.Snapshot().ToString());
        return Task.CompletedTask;
    }
}
