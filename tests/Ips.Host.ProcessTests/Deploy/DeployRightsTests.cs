using Ips.Host.ProcessTests.Files;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>Root's deploy goes by what root says and owns, and not by what the service's user has written.</summary>
[Trait("issue", "17")]
public sealed class DeployRightsTests(ITestOutputHelper output) : RightsTest(output)
{
    private Releases Releases => field ??= new Releases(Folder);

    [RootFact]
    public async Task Deploy_ServiceOfAnotherUser_NeedsTheFolderNamedAndThenWorks()
    {
        var service = await StartForUserAsync();
        var unnamed = await DeployAsync(service, "2");
        Assert.True(unnamed.ExitCode == 2, unnamed.ToString());
        Assert.Contains("name the folder with --into", unnamed.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Releases.PathOf("2")));

        var other = Directory.CreateDirectory(Path.Combine(Folder, "other")).FullName;
        var wrong = await DeployAsync(service, "2", "--into", other);
        Assert.True(wrong.ExitCode == 2, wrong.ToString());

        var deployed = await DeployAsync(service, "2", "--into", Folder);
        Assert.True(deployed.ExitCode == 0, deployed.ToString());
        Assert.Equal("releases/2", new FileInfo(Releases.Current).LinkTarget);
        AssertRunsAs(ServiceUserId, service.MainPid);
        Assert.Equal((0, 0), (OwnerOf(Releases.PathOf("2")), OwnerOf(Releases.Current)));

        // The last good file is the service user's: what it names does not decide where root goes back to, the journal does.
        var lastGood = service.PidFile + ".last-good";
        await File.WriteAllTextAsync(lastGood, (await File.ReadAllTextAsync(lastGood)).Replace("/releases/1/", "/releases/evil/",
            StringComparison.Ordinal));
        Releases.AddBuild("evil", Binaries.SampleAppFolder);
        var back = await IpsCommand.RunAsync("rollback", "--pid-file", service.PidFile, "--into", Folder);
        Assert.True(back.ExitCode == 0, back.ToString());
        Assert.Equal("releases/1", new FileInfo(Releases.Current).LinkTarget);
    }

    [RootTheory]
    [InlineData("releases")]
    [InlineData("")]
    public async Task Deploy_FolderOfTheServiceUser_IsNotTouchedByRoot(string inner)
    {
        var service = await StartForUserAsync();
        var folder = Path.Combine(Folder, inner);
        Give(folder, ServiceUserId);
        try
        {
            var refused = await DeployAsync(service, "2", "--into", Folder);
            Assert.True(refused.ExitCode == 1, refused.ToString());
            Assert.Contains(inner.Length > 0 ? $"belongs to uid {ServiceUserId}" : "uid", refused.ToString(), StringComparison.Ordinal);
            Assert.False(Directory.Exists(Releases.PathOf("2")));
        }
        finally
        {
            Give(folder, 0);
        }
    }

    [RootFact]
    public async Task Deploy_FolderThatOthersMayWriteTo_IsRefused()
    {
        var service = await StartForUserAsync();
        File.SetUnixFileMode(Path.Combine(Folder, "releases"), OpenFolder | UnixFileMode.OtherWrite);
        var refused = await DeployAsync(service, "2", "--into", Folder);
        Assert.True(refused.ExitCode == 1, refused.ToString());
        Assert.Contains("chmod go-w", refused.ToString(), StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Deploy_FileThatTheServiceCannotRead_IsRefusedBeforeAnythingStarts()
    {
        var service = await StartForUserAsync();
        var build = Build("2");
        File.SetUnixFileMode(Path.Combine(build, "appsettings.json"), OwnerOnly);
        var refused = await IpsCommand.RunAsync("deploy", build, "--pid-file", service.PidFile, "--into", Folder, "--name", "2");
        Assert.True(refused.ExitCode == 1, refused.ToString());
        Assert.Contains("appsettings.json is closed to others", refused.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Releases.PathOf("2")));
    }

    private async Task<Service> StartForUserAsync()
    {
        Releases.AddBuild("1", Binaries.SampleAppFolder);
        Releases.SwitchTo("1");
        foreach (var folder in new[] { Path.Combine(Folder, "releases"), Releases.PathOf("1") }) File.SetUnixFileMode(folder, OpenFolder);
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = "setpriv",
            Prefix = ["--reuid", $"{ServiceUserId}", "--regid", $"{ServiceUserId}", "--clear-groups",
                Path.Combine(Releases.Current, Binaries.SampleApp)],
        });
        Give(service.Folder, ServiceUserId);
        await service.StartAsync();
        return service;
    }

    private string Build(string name)
    {
        var build = Path.Combine(Folder, "builds", name);
        if (!Directory.Exists(build)) Releases.Copy(Binaries.SampleAppFolder, build);
        File.WriteAllText(Path.Combine(build, "appsettings.json"), "{}");
        return build;
    }

    private Task<CommandResult> DeployAsync(Service service, string name, params IReadOnlyList<string> more) =>
        IpsCommand.RunAsync(["deploy", Build(name), "--name", name, "--pid-file", service.PidFile, .. more]);
}
