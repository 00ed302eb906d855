using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>A deploy that is interrupted, or finds no room: nothing is half done.</summary>
[Trait("issue", "17")]
public sealed class DeployFaultTests(ITestOutputHelper output) : DeployTest(output)
{
    private string? _mounted;

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        if (_mounted is not null) Tmpfs.Unmount(_mounted);
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Interrupt_LeavesNothingHalfDone(bool whileCopying)
    {
        var service = await StartOneAsync();
        var build = Build("2", whileCopying ? [] : [SampleMarks.HoldBeforeHello]);
        if (whileCopying) Fill(Path.Combine(build, "large"), 256);
        var deploy = BeginDeploy(service, build, "2");
        if (whileCopying) await Eventually.TrueAsync(() => Shelved.Count > 1, "a copy");
        else await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        Assert.True(ProcessTable.Signal(deploy.Pid, ProcessTable.SigInt));
        Assert.Equal(130, await deploy.WaitForExitAsync(Limits.Step));
        Assert.Equal("releases/1", Current);
        if (whileCopying)
        {
            Assert.Equal(["1"], Shelved);
            await AssertInPlaceAsync(service, "1");
            return;
        }

        Assert.Contains(deploy.Lines, line => line.Text.Contains("the next 'ips deploy' points 'current' at it", StringComparison.Ordinal));
        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        AssertCode(0, await DeployAsync(service, Releases.PathOf("2")));
        await AssertInPlaceAsync(service, "2");
    }

    [TmpfsFact]
    public async Task Deploy_DiskFull_RemovesWhatItCopiedAndTouchesNothing()
    {
        Directory.CreateDirectory(Shelf);
        Tmpfs.Mount(Shelf, 48 * 1024);
        File.SetUnixFileMode(Shelf, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _mounted = Shelf;
        var service = await StartOneAsync();
        var fill = Path.Combine(Shelf, "fill");
        Fill(fill, 20);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var build = Build("2");
        var refused = await DeployAsync(service, build, "2");
        AssertCode(1, refused);
        AssertSays("No space left on device", refused);
        AssertSays("Nothing was changed.", refused);
        Assert.Equal(["1", "fill"], Shelved);
        await AssertInPlaceAsync(service, "1");
        File.Delete(fill);
        AssertCode(0, await DeployAsync(service, build, "2"));
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
    }
}
