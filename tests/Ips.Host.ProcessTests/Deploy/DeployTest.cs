using Ips.Actors.Launch;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>A service that was started by way of <c>current</c>, and builds beside it that <c>ips deploy</c> is to put in place.</summary>
public abstract class DeployTest(ITestOutputHelper output) : ProcessTest(output)
{
    private readonly List<DaemonProcess> _commands = [];

    private protected Releases Releases => field ??= new Releases(Folder);

    /// <summary>The folder of the releases.</summary>
    private protected string Shelf => Path.Combine(Folder, "releases");

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        foreach (var command in _commands) await command.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>A service of release <c>1</c>.</summary>
    private protected async Task<Service> StartOneAsync(ServiceSettings? settings = null)
    {
        Releases.AddBuild("1", Binaries.SampleAppFolder);
        Releases.SwitchTo("1");
        return await StartAsync(settings ?? new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(Releases.Current, Binaries.SampleApp),
        });
    }

    /// <summary>A build that is no release yet.</summary>
    private protected string Build(string name, params IReadOnlyList<string> marks)
    {
        var folder = Path.Combine(Folder, "builds", name);
        Releases.Copy(Binaries.SampleAppFolder, folder);
        File.WriteAllText(Path.Combine(folder, "release.txt"), name);
        foreach (var mark in marks) File.WriteAllText(Path.Combine(folder, mark), "");
        return folder;
    }

    private protected static Task<CommandResult> DeployAsync(Service service, string source, string? name = null,
        params IReadOnlyList<string> more) => IpsCommand.RunAsync(Arguments(service, source, name, more));

    private protected static Task<CommandResult> RollbackAsync(Service service, params IReadOnlyList<string> more) =>
        IpsCommand.RunAsync(["rollback", "--pid-file", service.PidFile, .. more]);

    /// <summary>Begins a deploy, to act while it runs.</summary>
    private protected DaemonProcess BeginDeploy(Service service, string source, string? name = null,
        params IReadOnlyList<string> more) => Begin(Arguments(service, source, name, more));

    /// <summary>Begins a rollback, to act while it runs.</summary>
    private protected DaemonProcess BeginRollback(Service service, params IReadOnlyList<string> more) =>
        Begin(["rollback", "--pid-file", service.PidFile, .. more]);

    private DaemonProcess Begin(IEnumerable<string> arguments)
    {
        var command = DaemonProcess.Start(Binaries.IpsPath, arguments);
        _commands.Add(command);
        return command;
    }

    private protected static Task<CommandResult> DoctorAsync(Service service) =>
        IpsCommand.RunAsync("doctor", "--pid", $"{service.MainPid}");

    /// <summary>Makes a file of random bytes, which takes its time to copy.</summary>
    private protected static void Fill(string path, int megabytes)
    {
        using var file = File.Create(path);
        var block = new byte[1 << 20];
        Random.Shared.NextBytes(block);
        for (var i = 0; i < megabytes; i++) file.Write(block);
    }

    /// <summary>Every release of the sample app has all its files, whole.</summary>
    private protected void AssertWhole(IEnumerable<string> releases)
    {
        var built = Directory.EnumerateFiles(Binaries.SampleAppFolder, "*", SearchOption.AllDirectories)
            .Select(path => (Name: Path.GetRelativePath(Binaries.SampleAppFolder, path), new FileInfo(path).Length))
            .Where(file => file.Name != "appsettings.json").ToList();
        Assert.NotEmpty(built);
        Assert.All(releases, release => Assert.Equal(built, built.Select(file => (file.Name,
            new FileInfo(Releases.PathOf(release, file.Name)) is { Exists: true } there ? there.Length : -1))));
    }

    private protected static async Task KillAsync(DaemonProcess command)
    {
        ProcessTable.Signal(command.Pid, ProcessTable.SigKill);
        await command.WaitForExitAsync(Limits.Step);
    }

    /// <summary>Where the link leads.</summary>
    private protected string Current => new FileInfo(Releases.Current).LinkTarget!;

    /// <summary>The release that answers a new connection.</summary>
    private protected static async Task<string> ServingAsync(Service service) =>
        (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/release")).Body.Split(' ')[0];

    /// <summary>A release serves, and the link names it.</summary>
    private protected async Task AssertInPlaceAsync(Service service, string name)
    {
        Assert.Equal($"releases/{name}", Current);
        Assert.Equal(name, await ServingAsync(service));
        Assert.Equal(Releases.PathOf(name, Binaries.SampleApp), ProcFs.Program(service.MainPid));
    }

    /// <summary>The releases that there are, and what else is in their folder but for the files of the command itself.</summary>
    private protected IReadOnlyList<string> Shelved =>
        [.. Directory.EnumerateFileSystemEntries(Shelf).Select(path => Path.GetFileName(path)!)
            .Where(name => name is not (".deploy.lock" or DeployJournal.FileName)).Order(StringComparer.Ordinal)];

    private protected static void AssertCode(int code, CommandResult result) => Assert.True(result.ExitCode == code, result.ToString());

    private protected static void AssertSays(string text, CommandResult result) =>
        Assert.Contains(text, result.ToString(), StringComparison.Ordinal);

    private static string[] Arguments(Service service, string source, string? name, IReadOnlyList<string> more) =>
        ["deploy", source, "--pid-file", service.PidFile, .. name is null ? [] : new[] { "--name", name }, .. more];
}
