using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Lifecycle;

[Trait("issue", "16")]
public sealed class ServiceCountsTests
{
    private readonly ServiceCounts _counts = new();

    [Fact]
    public void Adopt_SaidAgain_CountsOnce()
    {
        _counts.Add("moved/reload", 2); // a connection may come before the counts do
        var sent = new Dictionary<string, long> { ["moved/reload"] = 40, [ServiceCounts.AbortedRequests] = 1, ["later/kind"] = 3 };
        _counts.Adopt(sent);
        _counts.Adopt(sent);
        Assert.Equal(42, _counts.Of("moved/reload"));
        Assert.Equal(1, _counts.Of(ServiceCounts.AbortedRequests));
        Assert.Equal([("later", "kind", 3L), ("moved", "reload", 42L)], _counts.Handovers.Order());
        Assert.Equal(3, _counts.ToSend()!["later/kind"]); // for a next generation that knows it
    }

    [Fact]
    public void Add_NothingOrTooMuch_NeverFallsOrOverflows()
    {
        _counts.Add("cut/deadline", 0);
        _counts.Add("cut/deadline", -5);
        Assert.Null(_counts.ToSend());
        _counts.Add("cut/deadline", long.MaxValue);
        _counts.Add("cut/deadline", 10);
        Assert.Equal(long.MaxValue, _counts.Of("cut/deadline"));
    }

    [Fact]
    public void Add_NamesWithoutEnd_AreBounded()
    {
        for (var i = 0; i < 1000; i++) _counts.Add($"moved/{i}", 1);
        _counts.Add("moved/0", 1);
        Assert.Equal(ServiceCounts.MaxNames, _counts.ToSend()!.Count);
        Assert.Equal(2, _counts.Of("moved/0"));
    }
}
