using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What a command prints may not be wanted, or have no room: that is an error with a code of its own, for every command. Devices
/// are made in the test's own
/// folder, so that no mistake replaces the machine's.</summary>
public sealed class OutputTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int OutputFailed = 5;

    public static TheoryData<string> Printing =>
        ["--help", "run --help", "--version", "check", "check --reference", "doctor", "man", "completion bash", "key list", "export",
            "export -", "export --format csv", "export /dev/stdout", "sample"];

    [Theory]
    [MemberData(nameof(Printing))]
    public async Task Print_ReaderGone_IsCode5AndNoCount(string command)
    {
        await MakeStoreAsync(3);
        // The only reader of the FIFO is closed before the command begins.
        var result = await ShellAsync($"mkfifo gone && exec 3<>gone 4>gone 3>&- && exec {Binaries.IpsPath} {command} >&4");
        AssertFailed(result);
        Assert.Contains("went away", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [DeviceTheory]
    [MemberData(nameof(Printing))]
    public async Task Print_NoRoom_IsCode5AndNoCount(string command)
    {
        await MakeStoreAsync(3);
        Device.Make(Path.Combine(Folder, "full"), Device.Full);
        var result = await ShellAsync($"exec {Binaries.IpsPath} {command} >full");
        AssertFailed(result);
        Assert.Contains("No space left on device", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_IntoHead_IsCode5AndNoCount()
    {
        await MakeStoreAsync(3_000); // more than a pipe holds
        var result = await ShellAsync($"{Binaries.IpsPath} export | head -1; exit ${{PIPESTATUS[0]}}");
        Assert.True(result.ExitCode == OutputFailed, result.ToString());
        Assert.Single(result.Output);
        Assert.DoesNotContain("objects", string.Join('\n', result.Errors), StringComparison.Ordinal);
    }

    [DeviceFact]
    public async Task Print_StderrFull_KeepsTheCodeOfTheCommand()
    {
        Device.Make(Path.Combine(Folder, "full"), Device.Full);
        Assert.Equal(2, (await ShellAsync($"exec {Binaries.IpsPath} bogus 2>full")).ExitCode);
        Assert.Equal(1, (await ShellAsync($"exec {Binaries.IpsPath} status 2>full")).ExitCode);
        Assert.Equal(2, (await ShellAsync($"exec {Binaries.IpsPath} run --urls x 2>full")).ExitCode);
        await MakeStoreAsync(3);
        Assert.Equal(0, (await ShellAsync($"exec {Binaries.IpsPath} export 2>full")).ExitCode);
    }

    [DeviceFact]
    public async Task Export_ToADevice_IsWrittenIntoAndStays()
    {
        await MakeStoreAsync(3);
        var (full, nothing) = (Path.Combine(Folder, "full"), Path.Combine(Folder, "null"));
        Device.Make(full, Device.Full);
        Device.Make(nothing, Device.Null);
        var failed = await ShellAsync($"exec {Binaries.IpsPath} export full");
        AssertFailed(failed);
        Assert.Contains("full", Assert.Single(failed.Errors), StringComparison.Ordinal);
        var done = await ShellAsync($"exec {Binaries.IpsPath} export null");
        Assert.True(done.ExitCode == 0, done.ToString());
        Assert.Equal("3 objects.", Assert.Single(done.Errors));
        Assert.True(Device.Is(full, Device.Full) && Device.Is(nothing, Device.Null), "A device was replaced.");
    }

    [Fact]
    public async Task Export_ToAFifo_WaitsForWhoReadsIt()
    {
        await MakeStoreAsync(3);
        var result = await ShellAsync($"mkfifo f && {Binaries.IpsPath} export f & cd {Folder}; until [ -p f ]; do :; done; cat f; wait $!");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(3, result.Output.Count);
        Assert.Equal(0, Syscall.lstat(Path.Combine(Folder, "f"), out var stat));
        Assert.Equal(FilePermissions.S_IFIFO, stat.st_mode & FilePermissions.S_IFMT);
    }

    [Theory]
    [InlineData(ProcessTable.SigInt, 130)]
    [InlineData(ProcessTable.SigTerm, 143)]
    public async Task Import_Interrupted_SaysThatNothingWasImported(int signal, int code)
    {
        await ShellAsync("mkfifo lines");
        var lines = Path.Combine(Folder, "lines");
        // Held open by the shell as well, so that the command waits for more lines than there are.
        await using var import = DaemonProcess.Start(
            "/bin/bash", ["-c", $"exec 3<>lines; echo '{{\"oid\":\"host\",\"id\":\"H1\",\"ip\":\"10.0.0.1\"}}' >&3; exec "
                + $"{Binaries.IpsPath} import - <lines"],
            new Dictionary<string, string?> { ["PWD"] = Folder }, Folder);
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(Folder, "ips.db-wal"))); // by then it listens for signals
        import.Signal(signal);
        Assert.Equal(code, await import.WaitForExitAsync(Limits.Step));
        await import.WaitForOutputEndAsync(Limits.Step);
        Assert.Equal("ips: interrupted; nothing was imported.", Assert.Single(import.Lines).Text);
        var export = await ShellAsync($"exec {Binaries.IpsPath} export");
        Assert.True(export.ExitCode == 0, export.ToString());
        Assert.Empty(export.Output);
    }

    private static void AssertFailed(CommandResult result)
    {
        Assert.True(result.ExitCode == OutputFailed, result.ToString());
        Assert.Empty(result.Output);
        Assert.StartsWith("ips: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    private async Task MakeStoreAsync(int objects)
    {
        await File.WriteAllLinesAsync(Path.Combine(Folder, "hosts.jsonl"),
            Enumerable.Range(1, objects)
                .Select(i => $$"""{"oid":"host","id":"H{{i}}","ip":"10.0.{{i / 256}}.{{i % 256}}","hostname":"h{{i}}.example.net"}"""));
        var result = await ShellAsync($"exec {Binaries.IpsPath} import hosts.jsonl");
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    private Task<CommandResult> ShellAsync(string script) => IpsCommand.RunProgramAsync(null, Folder, "/bin/bash", "-c", script);
}
