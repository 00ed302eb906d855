using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Takeover;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Takeover;

/// <summary>The handover socket, with real peers: of the same process, and so of a user who may.</summary>
public sealed class TakeoverActorTests : ActorTest
{
    private readonly RecordingLog _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly TestProbe _lifecycle;
    private readonly TakeoverSocket _socket;
    private readonly IActorRef _door;

    public TakeoverActorTests()
    {
        _lifecycle = CreateTestProbe();
        _socket = Prepare()!;
        _door = Supervise(Props.Create(() => new TakeoverActor(_socket, _lifecycle.Ref, _log)));
    }

    private string Path => _folder.File("takeover.sock");

    [Fact]
    public async Task Hello_IsBroughtBeforeLifecycle_AndComesAgainToWhoeverSubscribes()
    {
        await ServeAsync();
        using var peer = Connect();
        peer.TrySend(new HelloFrame(1, 1, 12, "2.0"));
        var asked = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.TakeOver>();
        Assert.Equal($"PID {Environment.ProcessId} (uid {ProcessAttributes.EffectiveUserId})", asked.Source);
        var first = new TaskCompletionSource<ChannelEvent>();
        asked.Successor.Channel.Subscribe(e => first.TrySetResult(e));
        Assert.Equal("2.0", Assert.IsType<HelloFrame>(Assert
            .IsType<ChannelEvent.Received>(await first.Task.WaitAsync(Patience)).Frame).Release);
        asked.Successor.Dispose();
    }

    [Fact]
    public async Task Hello_Refused_IsToldWhy()
    {
        await ServeAsync();
        using var peer = Connect();
        peer.TrySend(new HelloFrame(1, 1, 12, "2.0"));
        var asked = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.TakeOver>();
        _lifecycle.Reply(new LifecycleProtocol.TakeOverReply(asked.Successor, "a reload is already under way"));
        Assert.Equal(new RefusedFrame("a reload is already under way"),
            Assert.IsType<ChannelEvent.Received>(peer.WaitForNext(Patience)).Frame);
    }

    [Fact]
    public async Task NoHello_NobodyIsAsked()
    {
        await ServeAsync();
        using (Connect())
        {
        }

        await AwaitConditionAsync(() => Task.FromResult(_log.Has(EventIds.TakeoverSilent)), Patience);
        Assert.False(_lifecycle.HasMessages);
    }

    [Fact]
    public async Task HandedOver_WhoWaitsIsToldToConnectAgain()
    {
        _socket.Publish(); // nobody accepts yet
        using var peer = Connect();
        peer.TrySend(new HelloFrame(1, 1, 12, "2.0"));
        _door.Tell(new ClientOrder.HandedOver());
        Assert.Contains("connect again", Assert.IsType<RefusedFrame>(Assert
            .IsType<ChannelEvent.Received>(peer.WaitForNext(Patience)).Frame).Reason, StringComparison.Ordinal);
        await RoundTrip(_door);
        Assert.Null(_socket.Fd);
    }

    [Fact]
    public async Task Publish_OverTheOneOfASuccessor_TakesThePathBackAndIsAccepted()
    {
        await ServeAsync();
        var successor = Prepare(isFirst: false)!;
        successor.Publish();
        _socket.Publish();
        successor.Retract(); // the path is not its own any more
        _door.Tell(new ClientOrder.Serve());
        using var peer = Connect();
        peer.TrySend(new HelloFrame(1, 1, 12, "2.0"));
        (await _lifecycle.ExpectMsgAsync<LifecycleProtocol.TakeOver>()).Successor.Dispose();
        successor.Close();
    }

    [Fact]
    public void Prepare_PathOfAnotherService_IsRefused()
    {
        _socket.Publish();
        Assert.Contains("another service listens there", Assert.Throws<IOException>(() => Prepare()).Message, StringComparison.Ordinal);
        var file = _folder.File("file");
        File.WriteAllText(file, "precious");
        Assert.Contains("something else is there", Assert.Throws<IOException>(() => Prepare(path: file)).Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(file));
        Assert.Contains("there is no folder", Assert.Throws<IOException>(() => Prepare(path: _folder.File("none/x.sock"))).Message,
            StringComparison.Ordinal);
        Assert.Contains("no such group", Assert.Throws<IOException>(() => Prepare(group: "no-such-group")).Message,
            StringComparison.Ordinal);
        Assert.Equal(["file", "takeover.sock"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(System.IO.Path.GetFileName)
            .Order());
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _socket.Retract();
        _socket.Close();
        _folder.Dispose();
    }

    private TakeoverSocket? Prepare(bool isFirst = true, string? path = null, string? group = null) =>
        TakeoverSocket.Prepare(new TakeoverOptions { Socket = path ?? Path, Group = group }, isFirst, _log);

    private HandoverChannel Connect() => new(HandoverSockets.Connect(Path));

    private async Task ServeAsync()
    {
        _socket.Publish();
        _door.Tell(new ClientOrder.Serve());
        await RoundTrip(_door);
    }
}
