using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A working directory behind a link, started without <c>PWD</c> as by systemd: the next release starts in its own folder, or
/// the log says that it will not.</summary>
public sealed class WorkingDirectoryTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task NoPwd_ProgramByTheLink_SuccessorStartsInTheNewRelease()
    {
        var (releases, service) = Put();
        var started = await StartWithoutPwdAsync(service, releases, Path.Combine(releases.Current, Binaries.Ips));
        Assert.Equal(releases.PathOf("one").TrimEnd('/'), ProcFs.WorkingDirectory(started));
        releases.SwitchTo("two");
        for (var reload = 0; reload < 2; reload++) Assert.Equal(releases.PathOf("two").TrimEnd('/'),
            ProcFs.WorkingDirectory(await service.ReloadAsync()));
        Assert.DoesNotContain(service.Log.Events, e => e.Id == EventIds.WorkingDirectoryResolved);
    }

    [Fact]
    public async Task NoPwd_LinkCannotBeKnown_IsSaidAtTheStartWithTheLineForTheUnit()
    {
        var (releases, service) = Put();
        await StartWithoutPwdAsync(service, releases, Binaries.IpsPath);
        var warning = Assert.Single(service.Log.Of(EventIds.WorkingDirectoryResolved));
        Assert.Equal((releases.PathOf("one").TrimEnd('/'), releases.Current), (warning["Directory"], warning["Link"]));
        Assert.Contains($"(systemd: Environment=PWD={releases.Current})", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pwd_WithoutAnyLink_IsWhatWasMeant()
    {
        var (releases, service) = Put();
        await StartWithoutPwdAsync(service, releases, Binaries.IpsPath, pwd: releases.PathOf("one").TrimEnd('/'));
        Assert.Empty(service.Log.Of(EventIds.WorkingDirectoryResolved));
    }

    private (Releases Releases, Service Service) Put()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("one", Binaries.IpsFolder);
        releases.AddBuild("two", Binaries.IpsFolder);
        releases.SwitchTo("one");
        return (releases, Prepare(new ServiceSettings(ServiceKind.Daemon)));
    }

    private static async Task<int> StartWithoutPwdAsync(Service service, Releases releases, string program, string? pwd = null)
    {
        var set = pwd is null ? "-u PWD" : $"PWD='{pwd}'";
        var script = $"cd '{releases.Current}' && exec env {set} \"$0\" \"$@\"";
        service.Launch("/bin/sh", ["-c", script, program]);
        await service.Log.WaitForAsync(0, EventIds.IdentityPublished);
        return service.MainPid;
    }
}
