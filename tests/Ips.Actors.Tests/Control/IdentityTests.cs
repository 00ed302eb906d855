using System.Net.Sockets;
using Ips.Actors.Control;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Control;

/// <summary>Lock, PID file and control socket from one generation to the next, in one process.</summary>
public sealed class IdentityTests : IDisposable
{
    private readonly RecordingLog _log = new();
    private readonly TemporaryFolder _folder = new();

    private string PidPath => _folder.File("ips.pid");

    [Fact]
    public void Claim_Twice_IsRefusedNamingWhoRuns()
    {
        using var first = Claim();
        first.Publish(4711);
        var refusal = Assert.Throws<AlreadyRunningException>(Claim);
        Assert.Equal(4711, refusal.Pid);
        Assert.Contains("4711", refusal.Message, StringComparison.Ordinal);
        first.CloseControl();
    }

    [Fact]
    public void Claim_AfterACrash_TakesTheStaleSocketOver()
    {
        using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            stale.Bind(new UnixDomainSocketEndPoint(PidPath + ".sock"));
            File.Move(PidPath + ".sock", PidPath + ".kept"); // a dispose would remove it
        }

        File.Move(PidPath + ".kept", PidPath + ".sock");
        using var identity = Claim();
        Connect(identity.ControlPath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(identity.ControlPath));
        identity.CloseControl();
    }

    [Fact]
    public void Retract_Published_RemovesPidFileAndSocketAndFreesTheLock()
    {
        var identity = Claim();
        identity.Publish(4711);
        Assert.Equal("4711\n", File.ReadAllText(PidPath));
        identity.Retract(4711);
        identity.CloseControl();
        Assert.False(File.Exists(PidPath) || File.Exists(identity.ControlPath));
        using var next = Claim();
        next.CloseControl();
    }

    [Fact]
    public void Retract_FirstGenerationThatNeverServed_RemovesItsSocket()
    {
        var identity = Claim();
        identity.Retract(4711);
        identity.CloseControl();
        Assert.False(File.Exists(identity.ControlPath));
    }

    [Fact]
    public void Retract_SuccessorBeforeItsPromotion_LeavesEverythingToThePredecessor()
    {
        using var predecessor = Claim();
        predecessor.Publish(4711);
        var successor = AdoptFrom(predecessor);
        successor.Retract(4712); // it failed, or was rolled back
        successor.CloseControl();
        Assert.Equal("4711\n", File.ReadAllText(PidPath));
        Connect(predecessor.ControlPath);
        Assert.Throws<AlreadyRunningException>(Claim);
        predecessor.CloseControl();
    }

    [Fact]
    public void Retract_PromotedButTakenBack_LeavesTheSocketToThePredecessor()
    {
        using var predecessor = Claim();
        predecessor.Publish(4711);
        var successor = AdoptFrom(predecessor);
        successor.Publish(4712);
        predecessor.Publish(4711); // its promotion was not acknowledged in time
        successor.Retract(4712);
        successor.CloseControl();
        Assert.Equal("4711\n", File.ReadAllText(PidPath));
        Connect(predecessor.ControlPath);
        predecessor.CloseControl();
    }

    [Fact]
    public void HandOver_Promoted_OutlivesThePredecessor()
    {
        var predecessor = Claim();
        predecessor.Publish(4711);
        var successor = AdoptFrom(predecessor);
        successor.Publish(4712);
        predecessor.HandOver();
        predecessor.CloseControl();
        predecessor.Retract(4711);
        Assert.Equal("4712\n", File.ReadAllText(PidPath));
        Connect(successor.ControlPath);
        Assert.Throws<AlreadyRunningException>(Claim); // the lock lives on
        successor.Retract(4712);
        successor.CloseControl();
        Assert.False(File.Exists(PidPath) || File.Exists(successor.ControlPath));
    }

    [Fact]
    public void Publish_FolderGone_IsLoggedAndDoesNotThrow()
    {
        using var identity = Claim();
        var hidden = _folder.Path + ".away";
        Directory.Move(_folder.Path, hidden);
        identity.Publish(4711);
        Directory.Move(hidden, _folder.Path);
        Assert.True(_log.Has(Ips.Actors.Diagnostics.EventIds.IdentityFailed));
        identity.CloseControl();
    }

    public void Dispose() => _folder.Dispose();

    private Identity Claim() => Identity.Claim(PidPath, _log);

    private Identity AdoptFrom(Identity predecessor) => Identity.Adopt(
        PidPath, FileDescriptors.Duplicate(predecessor.LockFd!.Value), FileDescriptors.Duplicate(predecessor.ControlFd!.Value), _log);

    private static void Connect(string path)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
    }
}
