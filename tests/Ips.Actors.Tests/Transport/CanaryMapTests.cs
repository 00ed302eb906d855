using System.Net;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Transport;

public sealed class CanaryMapTests
{
    private static readonly IPAddress?[] s_nobody = [null];

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(90)]
    public void ChoosesNew_EachConnectionForItself_TheShareIsExact(int percent)
    {
        var map = new CanaryMap(byClient: false);
        var chosen = 0;
        for (var seen = 1; seen <= 1000; seen++)
        {
            chosen += map.ChoosesNew(IPAddress.Loopback, percent) ? 1 : 0;
            Assert.InRange(chosen, 1, (seen * percent / 100.0) + 3); // the first one is chosen, and never many more than the share
        }

        Assert.InRange(chosen, (percent * 10) - 3, (percent * 10) + 3);
    }

    [Fact]
    public void ChoosesNew_ByClient_OneMeetsOneReleaseAndAGreaterShareKeepsIt()
    {
        var map = new CanaryMap(byClient: true);
        var clients = Enumerable.Range(0, 200).Select(number => new IPAddress([10, 0, 1, (byte)number])).ToList();
        var few = clients.Where(client => map.ChoosesNew(client, 10)).ToList();
        Assert.InRange(few.Count, 17, 23);
        Assert.Equal(few, clients.Where(client => map.ChoosesNew(client, 10)));
        var half = clients.Where(client => map.ChoosesNew(client, 50)).ToList();
        Assert.InRange(half.Count, 97, 103);
        Assert.Subset(half.ToHashSet(), few.ToHashSet());
        Assert.Equal(few.Count, map.ChooseLive(clients, client => client, 0, 10).Count, 3.0);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(40, 10)]
    [InlineData(1001, 250)]
    public void ChooseLive_AtMostAQuarter_AndOneAtLeast(int live, int most)
    {
        var map = new CanaryMap(byClient: false);
        var connections = Enumerable.Range(0, live).Select(_ => new object()).ToList();
        var first = map.ChooseLive(connections, _ => null, 0, 10);
        Assert.InRange(first.Count, 1, Math.Max(1, live / 10));
        Assert.Equal(first, map.ChooseLive(connections, _ => null, 0, 10)); // by their ranks, not by who is idle
        var second = map.ChooseLive(connections.Except(first).ToList(), _ => null, first.Count, 50);
        Assert.InRange(first.Count + second.Count, Math.Max(1, most - 3), most);
    }

    [Fact]
    public void ChoosesNew_NoAddress_IsByConnection()
    {
        var map = new CanaryMap(byClient: true);
        Assert.InRange(Enumerable.Range(0, 100).Count(_ => map.ChoosesNew(s_nobody[0], 50)), 48, 52);
    }
}
