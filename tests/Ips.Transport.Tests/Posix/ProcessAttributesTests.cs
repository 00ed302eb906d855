using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class ProcessAttributesTests
{
    [Fact]
    public void SetUmask_Twice_GivesTheFormer()
    {
        var old = ProcessAttributes.SetUmask(0b000_010_111);
        Assert.Equal(0b000_010_111, ProcessAttributes.SetUmask(old));
    }

    [Fact]
    public void Identity_OfThisProcess_IsWhatTheKernelSays()
    {
        var lines = File.ReadAllLines("/proc/self/status");
        var stat = File.ReadAllText("/proc/self/stat").Split(' ');

        var ids = lines.Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t');
        Assert.Equal((ids[1], ids[2]), ($"{ProcessAttributes.UserId}", $"{ProcessAttributes.EffectiveUserId}"));
        Assert.Equal((stat[4], stat[5]), ($"{ProcessAttributes.ProcessGroup}", $"{ProcessAttributes.Session}"));
    }

    [Fact]
    public async Task BecomeSubreaper_ChildLeavesAnOrphan_ItsParentIsThisProcess()
    {
        ProcessAttributes.BecomeSubreaper();
        await using var child = Child.Start(Child.Shell("sleep 60 </dev/null >/dev/null 2>&1 & echo $!"));
        var orphan = int.Parse(new StreamReader(child.Output).ReadLine()!, null);
        Assert.Equal(0, (await child.EndAsync()).Exit.Code);

        Assert.True(Processes.TrySignal(orphan, SignalNumbers.SIGKILL));
        Assert.Equal(new ProcessExit(0, SignalNumbers.SIGKILL), await Processes.WaitAsync(orphan, default).WaitAsync(Fds.Bound));
    }

    [Fact]
    public void ForegroundProcessGroup_NotATerminal_IsNull()
    {
        var fd = FileDescriptors.Open("/dev/null", 0);
        Assert.Null(Terminal.ForegroundProcessGroup(fd));
        Assert.False(FileDescriptors.IsTerminal(fd));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void IsTerminal_OfATerminalThatIsNotOurs_HasNoForegroundGroup()
    {
        var fd = FileDescriptors.Open("/dev/ptmx", 2 | 0x100); // O_RDWR | O_NOCTTY
        Assert.True(FileDescriptors.IsTerminal(fd));
        Assert.Null(Terminal.ForegroundProcessGroup(fd));
        FileDescriptors.Close(fd);
    }
}
