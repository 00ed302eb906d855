using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Ips.Testing.Processes;
using Ips.Transport.Tests.Posix;

namespace Ips.Transport.Tests.StrictClient.Processes;

[Collection(ProcessWideCollection.Name)] // a child inherits what another test has open without FD_CLOEXEC just then
public sealed partial class DaemonProcessTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Output_OfBothStreams_IsCollectedWithTimes()
    {
        await using var daemon = Shell("echo one; echo two >&2; printf 'three without an end'");
        Assert.Equal(0, await daemon.WaitForExitAsync(Limit));
        await daemon.WaitForOutputEndAsync(Limit);

        Assert.Equal(["one", "three without an end"], daemon.Lines.Where(line => !line.IsError).Select(line => line.Text));
        Assert.Equal("two", Assert.Single(daemon.Lines, line => line.IsError).Text);
        Assert.Equal([0, 1, 2], daemon.Lines.Select(line => line.Number));
        Assert.All(daemon.Lines, line => Assert.InRange(line.At, TimeSpan.Zero, Limit));
        Assert.Single(daemon.OutputTail(1).Split(Environment.NewLine));
        Assert.Contains("err two", daemon.OutputTail(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_EnvironmentFolderAndArguments_Arrive()
    {
        using var folder = new TempFolder();
        await using var daemon = DaemonProcess.Start(
            "sh", ["-c", "echo \"$MINE|${HOME-none}|$1\"; pwd; cat; echo end", "sh", "two words; $MINE"],
            new Dictionary<string, string?> { ["MINE"] = "yes", ["HOME"] = null }, folder.Path);

        // cat ends: stdin is at its end.
        await daemon.WaitForLineAsync(text => text == "end", Limit);
        Assert.Equal(["yes|none|two words; $MINE", folder.Path, "end"], daemon.Lines.Select(line => line.Text));
    }

    [Fact]
    public void Start_NoSuchFile_Throws() => Assert.Throws<Win32Exception>(() => DaemonProcess.Start("/nonexistent/ips", []));

    [Fact]
    public async Task WaitForLine_WithPattern_GivesItsGroups()
    {
        await using var daemon = Shell("echo starting; echo phase=serving generation=2 port=40123; sleep 60");
        var match = await daemon.WaitForLineAsync(ServingPattern(), Limit);
        Assert.Equal("40123", match.Groups["port"].Value);
    }

    [Fact]
    public async Task WaitForLine_FromANumber_SkipsWhatCameBefore()
    {
        await using var daemon = Shell("trap 'echo reloaded' USR2; echo reloaded; echo ready; while :; do sleep 0.05; done");
        await daemon.WaitForLineAsync(text => text == "ready", Limit);
        var from = daemon.LineCount;
        var waiting = daemon.WaitForLineAsync(text => text == "reloaded", Limit, from);
        Assert.False(waiting.IsCompleted);

        Assert.True(daemon.Signal(ProcessTable.SigUsr2));

        Assert.Equal(from, (await waiting).Number);
        Assert.Equal(0, (await daemon.WaitForLineAsync(text => text == "reloaded", Limit)).Number);
    }

    [Fact]
    public async Task WaitForLine_ThatDoesNotCome_TellsWhatCameInstead()
    {
        await using var daemon = Shell("echo something else; exec sleep 60");
        await daemon.WaitForLineAsync(text => text == "something else", Limit);
        var error = await Assert.ThrowsAsync<TimeoutException>(() =>
            daemon.WaitForLineAsync(ServingPattern(), TimeSpan.FromMilliseconds(50)));
        Assert.Contains("out something else", error.Message, StringComparison.Ordinal);
        Assert.Contains("phase=serving", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitForLine_ProcessEndsWithoutIt_DoesNotWaitForTheTimeout()
    {
        await using var daemon = Shell("echo cannot bind >&2; exit 1");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            daemon.WaitForLineAsync(ServingPattern(), TimeSpan.FromHours(1)).WaitAsync(Limit));
        Assert.Contains("err cannot bind", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("kill -KILL $$", 137)]
    [InlineData("kill -TERM $$", 143)]
    public async Task WaitForExit_ProcessEnds_GivesItsCode(string script, int code)
    {
        await using var daemon = Shell(script);
        Assert.Equal(code, await daemon.WaitForExitAsync(Limit));
        Assert.False(daemon.Signal(ProcessTable.SigTerm));
    }

    [Fact]
    public async Task WaitForExit_ProcessRuns_TimesOutWithTheOutput()
    {
        await using var daemon = Shell("echo still here; exec sleep 60");
        await daemon.WaitForLineAsync(text => text == "still here", Limit);
        var error = await Assert.ThrowsAsync<TimeoutException>(() => daemon.WaitForExitAsync(TimeSpan.FromMilliseconds(50)));
        Assert.Contains("still here", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predecessor_ExitsWhileItsSuccessorHoldsTheOutput_BothAreSeen()
    {
        // The subshell exits at once, so the sleeper is nobody's child of ours, as a successor is.
        await using var daemon = Shell("(sh -c 'echo successor $$; exec sleep 60' &); exit 7");
        Assert.Equal(7, await daemon.WaitForExitAsync(Limit));
        var successor = int.Parse((await daemon.WaitForLineAsync(SuccessorPattern(), Limit)).Groups["pid"].Value,
            CultureInfo.InvariantCulture);
        daemon.Track(successor);
        await Assert.ThrowsAsync<TimeoutException>(() => daemon.WaitForOutputEndAsync(TimeSpan.FromMilliseconds(50)));

        Assert.True(ProcessTable.IsAlive(successor));
        await daemon.DisposeAsync();
        Assert.False(ProcessTable.IsAlive(successor));
    }

    [Fact]
    public async Task Dispose_ProcessThatIgnoresTerm_IsKilled()
    {
        var daemon = Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        await daemon.WaitForLineAsync(text => text == "ready", Limit);
        Assert.True(daemon.Signal(ProcessTable.SigTerm));
        await daemon.DisposeAsync().AsTask().WaitAsync(Limit);
        Assert.False(ProcessTable.IsAlive(daemon.Pid));
        await daemon.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_SomeoneUntrackedHoldsTheOutput_LeavesItAndDoesNotWait()
    {
        var daemon = Shell("(sh -c 'echo successor $$; exec sleep 60' &); exit 0");
        var stranger = int.Parse((await daemon.WaitForLineAsync(SuccessorPattern(), Limit)).Groups["pid"].Value,
            CultureInfo.InvariantCulture);
        await daemon.WaitForExitAsync(Limit);
        await daemon.DisposeAsync().AsTask().WaitAsync(Limit);

        Assert.True(ProcessTable.IsAlive(stranger));
        Assert.True(ProcessTable.Signal(stranger, ProcessTable.SigKill));
        await ProcessTable.WaitForEndAsync(stranger, Limit);
    }

    [Fact]
    public async Task Track_NoSuchProcess_IsRefused()
    {
        await using var daemon = Shell("exit 0");
        await daemon.WaitForExitAsync(Limit);
        Assert.Throws<ArgumentException>(() => daemon.Track(int.MaxValue));
    }

    [Fact]
    public async Task OpenFileDescriptors_OfAProcessWithTwoMore_AreTwoMore()
    {
        await using var daemon = Shell("echo opened; exec sleep 60");
        await using var other = Shell("exec 7</dev/null 8</dev/null; echo opened; exec sleep 60");
        await daemon.WaitForLineAsync(text => text == "opened", Limit);
        await other.WaitForLineAsync(text => text == "opened", Limit);

        // A program that is being loaded has its libraries open for a moment.
        Assert.True(SpinWait.SpinUntil(() => ProcessTable.OpenFileDescriptors(daemon.Pid)
            + 2 == ProcessTable.OpenFileDescriptors(other.Pid), Limit));
        Assert.Equal(["7 -> /dev/null", "8 -> /dev/null"], ProcessTable.OpenFiles(other.Pid).Where(file => file[0] is '7' or '8'));
        Assert.Throws<DirectoryNotFoundException>(() => ProcessTable.OpenFileDescriptors(int.MaxValue));
    }

    [Fact]
    public async Task IsZombie_ChildThatItsParentDoesNotReap_IsOne()
    {
        // The shell that starts the child might reap it; the one that takes its place knows nothing of it, and so never waits for it.
        await using var daemon = Shell("sleep 60 & exec sh -c \"echo child $!; exec sleep 60\"");
        var child = int.Parse((await daemon.WaitForLineAsync(ChildPattern(), Limit)).Groups["pid"].Value, CultureInfo.InvariantCulture);
        daemon.Track(child);
        Assert.True(ProcessTable.IsAlive(child));
        Assert.True(ProcessTable.Signal(child, ProcessTable.SigKill));
        Assert.True(SpinWait.SpinUntil(() => ProcessTable.IsZombie(child), Limit));

        Assert.False(ProcessTable.IsAlive(child));
        Assert.Equal(daemon.Pid, ProcessTable.ParentOf(child));
        Assert.Equal([child], ProcessTable.ChildrenOf(daemon.Pid));
        Assert.True(ProcessTable.IsAlive(daemon.Pid));
        Assert.False(ProcessTable.IsZombie(daemon.Pid));
        Assert.True(ProcessTable.Signal(child, 0));
    }

    [Fact]
    public void Table_OfNoProcess_SaysSo()
    {
        Assert.False(ProcessTable.IsAlive(int.MaxValue));
        Assert.False(ProcessTable.IsZombie(int.MaxValue));
        Assert.False(ProcessTable.Signal(int.MaxValue, ProcessTable.SigTerm));
        Assert.Null(ProcessTable.ParentOf(int.MaxValue));
        Assert.True(ProcessTable.IsAlive(Environment.ProcessId));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Signal_ToAGroup_IsRefused(int pid) => Assert.Throws<ArgumentOutOfRangeException>(() => ProcessTable.Signal(pid, 0));

    [Fact]
    public async Task WaitForEnd_ProcessRuns_TimesOut() =>
        await Assert.ThrowsAsync<TimeoutException>(() => ProcessTable
            .WaitForEndAsync(Environment.ProcessId, TimeSpan.FromMilliseconds(20)));

    private static DaemonProcess Shell(string script) => DaemonProcess.Start("/bin/sh", ["-c", script]);

    [GeneratedRegex(@"phase=serving generation=\d+ port=(?<port>\d+)")]
    private static partial Regex ServingPattern();

    [GeneratedRegex(@"^successor (?<pid>\d+)$")]
    private static partial Regex SuccessorPattern();

    [GeneratedRegex(@"^child (?<pid>\d+)$")]
    private static partial Regex ChildPattern();
}
