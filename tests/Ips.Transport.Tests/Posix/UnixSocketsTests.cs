using System.Runtime.Versioning;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[UnsupportedOSPlatform("windows")]
[Collection(ProcessWideCollection.Name)]
public sealed class UnixSocketsTests : IDisposable
{
    private readonly string _folder = Fds.TemporaryFolder();

    private string SocketPath => Path.Combine(_folder, "ips.pid.sock");

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData(0b110_000_000, 0)]
    [InlineData(0b110_000_000, 0b111_111_111)]
    [InlineData(0b110_110_000, 0b000_010_010)]
    public void Listen_AnyUmask_PathHasTheModeAskedFor(int mode, int umask)
    {
        var old = ProcessAttributes.SetUmask(umask);
        int fd;
        try
        {
            fd = UnixSockets.Listen(SocketPath, mode, 16);
        }
        finally
        {
            ProcessAttributes.SetUmask(old);
        }

        Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(SocketPath));
        Assert.True(ListeningSockets.IsListening(fd));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void PeerCredentials_OfBothEnds_AreThisProcess()
    {
        var fd = UnixSockets.Listen(SocketPath, 0b110_000_000, 16);
        var client = UnixSockets.Connect(SocketPath);
        var accepted = ListeningSockets.Accept(fd, out _);
        var self = (Environment.ProcessId, ProcessAttributes.UserId, ProcessAttributes.GroupId);

        Assert.Equal(self, UnixSockets.PeerCredentials(accepted));
        Assert.Equal(self, UnixSockets.PeerCredentials(client));
        Assert.All((int[])[fd, client, accepted], descriptor => Assert.True(FileDescriptors.IsCloseOnExec(descriptor)));
        foreach (var descriptor in (int[])[fd, client, accepted]) FileDescriptors.Close(descriptor);
    }

    [Fact]
    public void Connect_AbsentOrDead_SaysWhich() => Fds.AssertNoLeak(() =>
    {
        Assert.Equal($"connect(2) on {SocketPath}: No such file or directory (ENOENT)",
            Assert.Throws<PosixException>(() => UnixSockets.Connect(SocketPath)).Message);
        FileDescriptors.Close(UnixSockets.Listen(SocketPath, 0b110_000_000, 16));
        Assert.Equal(Errno.ECONNREFUSED, Assert.Throws<PosixException>(() => UnixSockets.Connect(SocketPath)).Errno);
        Assert.Equal(Errno.EADDRINUSE, Assert.Throws<PosixException>(() => UnixSockets.Listen(SocketPath, 0b110_000_000, 16)).Errno);
        Assert.True(ListeningSockets.RemoveStaleUnixSocket(SocketPath));
    });

    [Fact]
    public void Connect_DaemonDoesNotAccept_GivesUp()
    {
        var fd = UnixSockets.Listen(SocketPath, 0b110_000_000, backlog: 0);
        var queued = UnixSockets.Connect(SocketPath); // fills the queue

        Assert.Equal(Errno.EAGAIN, Assert.Throws<PosixException>(() => UnixSockets.Connect(SocketPath)).Errno);
        FileDescriptors.Close(queued);
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void Listen_LongPath_IsReachedByIt()
    {
        var path = Path.Combine(_folder, new string('d', 150), "ips.pid.sock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        var fd = UnixSockets.Listen(path, 0b110_000_000, 16);

        FileDescriptors.Close(UnixSockets.Connect(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        FileDescriptors.Close(fd);
    }
}
