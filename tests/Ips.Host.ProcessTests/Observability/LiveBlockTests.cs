using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>What a person sees of a reload on a terminal: a block that is drawn anew, and the receipt in its place at the end.</summary>
[Collection(Waits.Name)]
[Trait("issue", "16")]
public sealed partial class LiveBlockTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string ClearLine = "\u001b[2K";

    [Theory]
    [InlineData("TERM=xterm", true, true)]
    [InlineData("TERM=xterm NO_COLOR=1", true, false)]
    [InlineData("TERM=dumb", false, false)]
    public async Task Reload_OnATerminal_DrawsThePhasesAndEndsAsTheReceipt(string environment, bool draws, bool colours)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.FromSeconds(2) });
        await using var terminal = TerminalShell.Start(service.Processes.Environment);
        terminal.Type("stty cols 200\n");
        terminal.Type($"{environment} '{Binaries.IpsPath}' reload --pid-file '{service.PidFile}'; echo \"ended with $?\"\n");
        await terminal.WaitForAsync("ended with 0");

        var screen = terminal.Screen;
        Assert.Equal(draws, screen.Contains(ClearLine, StringComparison.Ordinal));
        Assert.True(draws == ProbationLeft().IsMatch(screen), screen);
        Assert.Equal(colours, Colour().IsMatch(screen));
        // What stays is the receipt: nothing of the block comes after it.
        var receipt = screen.LastIndexOf("promoted", StringComparison.Ordinal);
        Assert.True(receipt >= 0, screen);
        Assert.DoesNotContain(ClearLine, screen[receipt..], StringComparison.Ordinal);
        Assert.Equal(2, (await service.StatusAsync()).Generation);
    }

    [Fact]
    public async Task Reload_RolledBackOnATerminal_SaysWhy()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.FromMinutes(1) });
        await using var terminal = TerminalShell.Start(service.Processes.Environment);
        var main = service.MainPid;
        terminal.Type("stty cols 200\n");
        terminal.Type($"TERM=xterm '{Binaries.IpsPath}' reload --pid-file '{service.PidFile}'; echo \"ended with $?\"\n");
        var successor = await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Pid != main, "a successor that accepts");
        await Eventually.TrueAsync(() => ProbationLeft().IsMatch(terminal.Screen), "the countdown of the probation");
        ProcessTable.Signal(successor.Pid, ProcessTable.SigKill);
        await terminal.WaitForAsync("ended with 4");
        Assert.Contains("Rolled back after", terminal.Screen[terminal.Screen.LastIndexOf(ClearLine, StringComparison.Ordinal)..],
            StringComparison.Ordinal);
        Assert.Equal(main, service.MainPid);
    }

    [Fact]
    public async Task Top_UntilControlC_ShowsTheGenerationsAndLeavesTheServiceAlone()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.Zero });
        await using var terminal = TerminalShell.Start(service.Processes.Environment);
        terminal.Type("stty cols 200\n");
        terminal.Type($"TERM=xterm '{Binaries.IpsPath}' top --pid-file '{service.PidFile}'; echo \"ended with $?\"\n");
        await terminal.WaitForAsync("Generation 1 (PID");
        var second = await service.ReloadAsync();
        await terminal.WaitForAsync($"Generation 2 (PID {second}");
        terminal.Type("\u0003");
        await terminal.WaitForAsync("ended with ");
        Assert.Equal(second, service.MainPid);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [GeneratedRegex(@"Probation: [0-9.]+ m?s left")]
    private static partial Regex ProbationLeft();

    [GeneratedRegex("\u001b\\[[0-9;]*(3[0-7]|38|9[0-7])[0-9;]*m")]
    private static partial Regex Colour();
}
