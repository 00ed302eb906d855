using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>An app below <c>dotnet run</c> on a terminal, as a developer has it.</summary>
[Collection(Waits.Name)]
public sealed class DotnetRunTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Reload_BelowDotnetRun_IsRefusedWithTheWayOutAndInterruptEndsTheApp()
    {
        var processes = new MarkedProcesses();
        var runFolder = Directory.CreateDirectory(Path.Combine(Folder, "run"), AppRun.UserOnly).FullName;
        var port = FreePort.Next();
        await using var terminal = TerminalShell.Start(new Dictionary<string, string?>(processes.Environment)
        {
            ["XDG_RUNTIME_DIR"] = runFolder, ["HOME"] = Folder, ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        });
        try
        {
            var project = Path.Combine(SourceTree.Root, "tests", "Ips.AppKinds");
            var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name;
            terminal.Type($"cd '{Folder}'; PATH='{Path.GetDirectoryName(Binaries.DotNet)}':$PATH; "
                + $"dotnet run --no-build -c {configuration} --project '{project}' -- minimal --urls http://127.0.0.1:{port}\n");
            await Eventually.TrueAsync(() => Directory.GetFiles(runFolder, "*.pid").Length == 1, "a PID file of the app");
            var pid = int.Parse(await File.ReadAllTextAsync(Directory.GetFiles(runFolder, "*.pid")[0]));

            ProcessTable.Signal(pid, ProcessTable.SigUsr2);
            await terminal.WaitForAsync("`dotnet run` started this process");
            Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/kind")).Status);
            Assert.True(ProcessTable.IsAlive(pid));

            terminal.Type("\u0003");
            await ProcessTable.WaitForEndAsync(pid, Limits.Step);
            terminal.Type("echo the prompt is $((1 + 1))\n");
            await terminal.WaitForAsync("the prompt is 2");
        }
        finally
        {
            Output.WriteLine(terminal.Screen);
            await processes.KillAllAsync();
        }
    }
}
