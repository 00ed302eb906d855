
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

public sealed class DrainCountTests
{
    private readonly FrontState _state = new();

    [Fact]
    public void Drain_EverythingEnds_IsCountedFromItsBegin()
    {
        _state.Answered(200);
        _state.BeginCount(open: 10);
        _state.Answered(200);
        _state.Answered(500);
        _state.ToldOfClose("a", "http2");
        _state.ToldOfClose("a", "http2"); // HTTP/2 says so with each response
        _state.ToldOfClose("b", "tls");
        _state.Move.Moved = 4;
        var counts = _state.CountDrain(cut: 0, left: 0, idle: 0);
        Assert.Equal(new DrainCounts(6, 2, 2, 0, 0, 4), counts with { ClosedPolitelyBy = null });
        Assert.Equal(new Dictionary<string, int> { ["http2"] = 1, ["tls"] = 1 }, counts.ClosedPolitelyBy);
    }

    [Fact]
    public void Drain_AtTheDeadline_TellsWhatWasCutFromWhatWasIdle()
    {
        _state.BeginCount(open: 10);
        Assert.Equal(new DrainCounts(5, 0, 0, 2, 4, 0), _state.CountDrain(cut: 2, left: 5, idle: 4));
    }
}
