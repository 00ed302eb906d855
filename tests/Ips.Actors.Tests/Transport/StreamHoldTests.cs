using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Transport;

public sealed class StreamHoldTests
{
    private readonly StreamHold _hold = new();

    [Fact]
    public void TryAnnounce_NoStream_IsPutOffToTheNextOne()
    {
        Assert.False(_hold.Begin(leaving: false, now: 1));
        Assert.Null(_hold.End());
        Assert.False(_hold.TryAnnounce(now: 2));
        Assert.True(_hold.Begin(leaving: true, now: 3));
        Assert.Equal(3, _hold.End());
    }

    [Fact]
    public void End_AfterAnnouncement_HoldsTheFirstStreamOnly()
    {
        for (var i = 0; i < 3; i++) _hold.Begin(leaving: false, now: 1);
        Assert.True(_hold.TryAnnounce(now: 5));
        Assert.False(_hold.TryAnnounce(now: 6)); // once
        Assert.False(_hold.Begin(leaving: true, now: 7));
        Assert.Equal(5, _hold.End()); // held
        Assert.Null(_hold.End());
        Assert.Null(_hold.End());
        Assert.Null(_hold.End());
        Assert.Null(_hold.End()); // the held one, after its pause
    }
}
