using System.Net.Sockets;
using Ips.Actors.Files;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Files;

/// <summary>Lock, PID file and control socket from one generation to the next, in one process.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class RuntimeFilesTests : IDisposable
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
        identity.Retract(4711, handedOver: false);
        identity.CloseControl();
        Assert.False(File.Exists(PidPath) || File.Exists(identity.ControlPath));
        using var next = Claim();
        next.CloseControl();
    }

    // In the order in which it may be heard of: the promotion first, or the end of the predecessor.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Move_Promoted_LeavesNothingAtTheOldPlaceOnceThePredecessorCannotReturn(bool publishedFirst)
    {
        var former = Claim();
        former.Publish(4711);
        var moved = Move(former);
        Assert.Throws<AlreadyRunningException>(Claim);
        if (publishedFirst) moved.Publish(4712);
        else moved.LeaveFormer();
        Assert.True(File.Exists(PidPath) && File.Exists(former.ControlPath), "The old place went too early.");
        if (publishedFirst) moved.LeaveFormer();
        else moved.Publish(4712);
        former.HandOver();
        former.CloseControl();

        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(PidPath)!, "ips.pid*"));
        Assert.Equal("4712\n", File.ReadAllText(moved.PidFile!));
        Assert.Throws<AlreadyRunningException>(() => RuntimeFiles.Claim(moved.PidFile!, _log));
        moved.Retract(4712, handedOver: false);
        moved.CloseControl();
    }

    [Fact]
    public void Move_GivenUp_LeavesNothingAtTheNewPlace()
    {
        var former = Claim();
        former.Publish(4711);
        var moved = Move(former);
        moved.Abandon(4712);
        moved.CloseControl();
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(PidPath)!, "moved.pid*"));
        Assert.Equal("4711\n", File.ReadAllText(PidPath));
        Assert.Throws<AlreadyRunningException>(Claim); // the former one has it
        former.Retract(4711, handedOver: false);
        former.CloseControl();
    }

    [Fact]
    public void Move_ToATakenPlace_NamesTheKeyAndBothPlaces()
    {
        using var other = RuntimeFiles.Claim(_folder.File("moved.pid"), _log);
        var refusal = Assert.ThrowsAny<IOException>(() => RuntimeFiles.Move(other.PidFile!, PidPath, null, null, _log));
        Assert.StartsWith($"ips.pid-file is {other.PidFile}, and the running service has {PidPath}", refusal.Message,
            StringComparison.Ordinal);
        other.CloseControl();
    }

    private RuntimeFiles Move(RuntimeFiles former) => RuntimeFiles.Move(
        _folder.File("moved.pid"), PidPath, FileDescriptors.DuplicateHigh(former.LockFd!.Value),
            FileDescriptors.DuplicateHigh(former.ControlFd!.Value), _log);

    [Fact]
    public void Retract_FirstGenerationThatNeverServed_RemovesItsSocket()
    {
        var identity = Claim();
        identity.Retract(4711, handedOver: false);
        identity.CloseControl();
        Assert.False(File.Exists(identity.ControlPath));
    }

    [Fact]
    public void Retract_SuccessorBeforeItsPromotion_LeavesEverythingToThePredecessor()
    {
        using var predecessor = Claim();
        predecessor.Publish(4711);
        var successor = AdoptFrom(predecessor);
        successor.Retract(4712, handedOver: true); // it failed, or was rolled back
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
        successor.Retract(4712, handedOver: true);
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
        predecessor.Retract(4711, handedOver: true);
        Assert.Equal("4712\n", File.ReadAllText(PidPath));
        Connect(successor.ControlPath);
        Assert.Throws<AlreadyRunningException>(Claim); // the lock lives on
        successor.Retract(4712, handedOver: true);
        successor.CloseControl();
        Assert.False(File.Exists(PidPath) || File.Exists(successor.ControlPath));
    }

    [Fact]
    [Trait("issue", "11")]
    public void Retract_TheServiceEnds_FreesTheLockWhoeverHasACopy()
    {
        var identity = Claim();
        var copy = FileDescriptors.Duplicate(identity.LockFd!.Value);
        identity.Publish(4711);
        identity.Retract(4711, handedOver: false);
        identity.CloseControl();
        using var next = Claim();
        next.CloseControl();
        FileDescriptors.Close(copy);
    }

    [Fact]
    [Trait("issue", "11")]
    public void Renew_Lent_MakesTheCopiesWorthlessAndKeepsWhoWaits()
    {
        using var identity = Claim();
        identity.Publish(4711);
        var (lockCopy, controlCopy) = (FileDescriptors.Duplicate(identity.LockFd!.Value),
            FileDescriptors.Duplicate(identity.ControlFd!.Value));
        using var waiting = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        waiting.Connect(new UnixDomainSocketEndPoint(identity.ControlPath));
        identity.Lent = true;
        identity.Renew();

        FileDescriptors.Close(Assert.Single(identity.TakeLateClients()));
        Connect(identity.ControlPath);
        Assert.True(ListeningSockets.Accept(controlCopy, out _) < 0);
        var late = ListeningSockets.Accept(identity.ControlFd!.Value, out _);
        Assert.True(late >= 0);
        FileDescriptors.Close(late);
        Assert.Throws<AlreadyRunningException>(Claim); // still ours
        Assert.Throws<PosixException>(() => LockFile.Adopt(lockCopy)); // and not theirs
        FileDescriptors.Close(lockCopy);
        FileDescriptors.Close(controlCopy);
        identity.CloseControl();
    }

    [Fact]
    [Trait("issue", "11")]
    public void Publish_OfAnTakeoverWhosePredecessorDied_TakesTheLockAndMakesASocket()
    {
        var successor = RuntimeFiles.Adopt(PidPath, null, null, _log);
        successor.Publish(4712);
        Connect(successor.ControlPath);
        Assert.Throws<AlreadyRunningException>(Claim);
        successor.Retract(4712, handedOver: false);
        successor.CloseControl();
    }

    [Fact]
    [Trait("issue", "11")]
    public void Accept_TheLockOfAnotherPidFile_IsRefusedAndClosed()
    {
        using var other = RuntimeFiles.Claim(_folder.File("other.pid"), _log);
        using var own = Claim();
        var (lockFd, controlFd) = (FileDescriptors.Duplicate(other.LockFd!.Value), FileDescriptors.Duplicate(other.ControlFd!.Value));
        var successor = RuntimeFiles.Adopt(PidPath, null, null, _log);
        Assert.Throws<IOException>(() => successor.Accept(lockFd, controlFd));
        Assert.False(FileDescriptors.IsOpen(lockFd) || FileDescriptors.IsOpen(controlFd));
        own.CloseControl();
        other.CloseControl();
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

    private RuntimeFiles Claim() => RuntimeFiles.Claim(PidPath, _log);

    private RuntimeFiles AdoptFrom(RuntimeFiles predecessor) => RuntimeFiles.Adopt(
        PidPath, FileDescriptors.Duplicate(predecessor.LockFd!.Value), FileDescriptors.Duplicate(predecessor.ControlFd!.Value), _log);

    private static void Connect(string path)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
    }
}
