using System.IO.Pipes;
using System.Runtime.Versioning;
using System.Text;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[UnsupportedOSPlatform("windows")]
[Collection(ProcessWideCollection.Name)]
public sealed class StandardStreamsTests : IDisposable
{
    private readonly string _folder = Fds.TemporaryFolder();
    private readonly int[] _saved = [.. Enumerable.Range(0, 3).Select(fd => FileDescriptors.DuplicateHigh(fd))];

    private string Log => Path.Combine(_folder, "ips.log");

    public void Dispose()
    {
        for (var fd = 0; fd < 3; fd++)
        {
            FileDescriptors.Replace(fd, _saved[fd]);
            FileDescriptors.Close(_saved[fd]);
        }

        Directory.Delete(_folder, true);
    }

    [Fact]
    public void Redirect_AgainAfterARotation_OutputFollowsToTheNewFile()
    {
        using var output = StandardStreams.OpenOutput();
        using var error = new DescriptorStream(2);
        File.WriteAllText(Log, "before\n");

        StandardStreams.Redirect(Log);
        using var duplicate = Console.OpenStandardOutput();
        output.Write("one\n"u8);
        File.Move(Log, Log + ".1");
        StandardStreams.Redirect(Log);
        output.Write("two\n"u8);
        error.Write("three\n"u8);
        duplicate.Write("old\n"u8); // what Console does: the reason for streams of our own

        Assert.Equal("before\none\nold\n", File.ReadAllText(Log + ".1"));
        Assert.Equal("two\nthree\n", File.ReadAllText(Log));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Log));
        Assert.False(FileDescriptors.IsCloseOnExec(1));
        Assert.False(FileDescriptors.IsCloseOnExec(2));
    }

    [Fact]
    public void Redirect_CannotOpen_LeavesTheStreams()
    {
        var (before, path) = (Fds.Target(1), Path.Combine(_folder, "none", "none", "ips.log"));

        var refused = Assert.ThrowsAny<IOException>(() => StandardStreams.Redirect(path));

        Assert.Equal($"its folder {Path.GetDirectoryName(path)} does not exist, nor does the one above it; make it", refused.Message);
        Assert.Equal(before, Fds.Target(1));
    }

    [Fact]
    public void Redirect_StandardStreamsWereClosed_PutsThemInPlaceWithoutCloseOnExec()
    {
        FileDescriptors.Close(1);

        StandardStreams.Redirect(Log); // open(2) gives 1

        Assert.Equal([Log, Log], Enumerable.Range(1, 2).Select(Fds.Target));
        Assert.All(Enumerable.Range(1, 2), fd => Assert.False(FileDescriptors.IsCloseOnExec(fd)));
    }

    [Fact]
    public async Task Redirect_ChildStartedAfterwards_InheritsTheLog()
    {
        StandardStreams.Redirect(Log);
        var pid = Spawn.Start(Child.Shell("echo out; echo err >&2"));

        Assert.Equal(new ProcessExit(0, 0), await Processes.WaitAsync(pid, default).WaitAsync(Fds.Bound));
        Assert.Equal("out\nerr\n", File.ReadAllText(Log));
    }

    [Fact]
    public void Redirect_ManyTimes_LeaksNothing() => Fds.AssertNoLeak(() => StandardStreams.Redirect(Log));

    [Fact]
    public async Task OpenOutput_NonBlockingPipeWithASlowReader_LosesNothing()
    {
        await using var reader = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        var write = (int)reader.ClientSafePipeHandle.DangerousGetHandle();
        FileDescriptors.SetNonBlocking(write);
        FileDescriptors.Replace(1, write);
        reader.DisposeLocalCopyOfClientHandle();
        var text = Encoding.ASCII.GetBytes(new string('x', 1_000_000));

        var writing = Task.Run(() =>
        {
            using var output = StandardStreams.OpenOutput();
            output.Write(text);
            FileDescriptors.Replace(1, _saved[1]); // closes the pipe's last writer
        });
        var read = new MemoryStream();
        await reader.CopyToAsync(read).WaitAsync(Fds.Bound);
        await writing.WaitAsync(Fds.Bound);

        Assert.Equal(text.Length, read.Length);
    }
}
