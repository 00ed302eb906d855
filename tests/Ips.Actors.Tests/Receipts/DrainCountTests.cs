
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

public sealed class DrainCountTests
{
    private readonly FrontState _gate = new();

    [Fact]
    public void Drain_EverythingEnds_IsCountedFromItsBegin()
    {
        _gate.Answered(200);
        _gate.BeginCount(open: 10);
        _gate.Answered(200);
        _gate.Answered(500);
        _gate.ToldOfClose("a");
        _gate.ToldOfClose("a"); // HTTP/2 says so with each response
        _gate.ToldOfClose("b");
        _gate.Move.Moved = 4;
        Assert.Equal(new DrainCounts(6, 2, 2, 0, 0, 4), _gate.CountDrain(cut: 0, left: 0, idle: 0));
    }

    [Fact]
    public void Drain_AtTheDeadline_TellsWhatWasCutFromWhatWasIdle()
    {
        _gate.BeginCount(open: 10);
        Assert.Equal(new DrainCounts(5, 0, 0, 2, 4, 0), _gate.CountDrain(cut: 2, left: 5, idle: 4));
    }
}
