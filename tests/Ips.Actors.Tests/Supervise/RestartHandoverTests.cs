
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Supervise;

namespace Ips.Actors.Tests.Supervise;

/// <summary>A generation that the parent has restarted speaks out of turn.</summary>
[Trait("issue", "11")]
public sealed class RestartHandoverTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-handover").FullName;
    private readonly HeldSockets _held = new();
    private readonly RestartHandover _handover;
    private readonly HandoverChannel _peer;

    public RestartHandoverTests()
    {
        var release = new LastGoodRelease("1", "/srv/ips", [], "/", ["/srv/ips"], "/", 1, default);
        _held.Replace(new MainFrame(1, 1, Path.Combine(_folder, "ips.pid"), [], Control: false, release), []);
        var (ours, theirs) = FdPassing.SocketPair();
        _handover = new RestartHandover(ours, _held, generation: 2);
        _peer = new HandoverChannel(theirs);
    }

    public void Dispose()
    {
        _handover.Dispose();
        _peer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("ready")]
    [InlineData("promoted")]
    public async Task Word_AheadOfHello_EndsTheHandover(string word)
    {
        Say(word);
        Assert.False(await _handover.Over.WaitAsync(Patience));
        Assert.IsType<ChannelEvent.Closed>(Hear());
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("promoted")]
    public async Task Word_OutOfTurnAfterHello_EndsTheHandover(string word)
    {
        Say("hello");
        Assert.IsType<WelcomeFrame>(Assert.IsType<ChannelEvent.Received>(Hear()).Frame);
        Say(word);
        Assert.False(await _handover.Over.WaitAsync(Patience));
        Assert.IsType<ChannelEvent.Closed>(Hear());
    }

    [Fact]
    public async Task Words_InTurn_EndTheHandoverWithAServiceThatServes()
    {
        Say("hello");
        Assert.IsType<WelcomeFrame>(Assert.IsType<ChannelEvent.Received>(Hear()).Frame);
        Say("ready");
        Assert.IsType<ServeFrame>(Assert.IsType<ChannelEvent.Received>(Hear()).Frame);
        Assert.IsType<PromoteFrame>(Assert.IsType<ChannelEvent.Received>(Hear()).Frame);
        _peer.TrySend(new HealthFrame(Ok: true, 0, 0));
        Say("promoted");
        Assert.IsType<FarewellFrame>(Assert.IsType<ChannelEvent.Received>(Hear()).Frame);
        Assert.True(await _handover.Over.WaitAsync(Patience));
    }

    private void Say(string word) => Assert.True(_peer.TrySend(word switch
    {
        "hello" => new HelloFrame(HandoverVersion.Min, HandoverVersion.Max, 2, "1"),
        "ready" => new ReadyFrame(),
        _ => new PromotedFrame(),
    }));

    // The lock's descriptor rides along with welcome.
    private ChannelEvent Hear()
    {
        var heard = _peer.WaitForNext(Patience);
        if (heard is ChannelEvent.Received received) HandoverChannel.CloseDescriptors(received);
        return heard;
    }
}
