using System.Text.RegularExpressions;
using Ips.Host.ProcessTests.AppKinds;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>samples/AkkaCluster: a node that is reloaded, and the seed, which stays and sees it leave and join.</summary>
[Collection(Waits.Name)]
public sealed partial class AkkaClusterTests(ITestOutputHelper output) : SampleTest(output)
{
    private const int LeftCluster = 255; // Akka.Hosting's exit code of a host whose node has left its cluster
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20); // how often one looks at the members

    [Fact]
    public async Task AkkaCluster_ReloadedThreeTimes_IsOneMemberAndAnswersAllTheTime()
    {
        var port = FreePort.Next();
        await using var seed = await StartAsync("AkkaCluster", $"--Cluster:Port={port}");
        await using var node = await StartAsync("AkkaCluster", $"--Cluster:Seed=akka.tcp://shop@127.0.0.1:{port}");
        await WaitForTwoAsync(seed);
        using var over = new CancellationTokenSource();
        var looking = LookAsync(seed, over.Token);
        await ReloadUnderLoadAsync(node, ["/greet/you", "/members", "/healthz"], async _ =>
        {
            Assert.Contains("Hello you!", await node.AskAsync("GET /greet/you"), StringComparison.Ordinal);
            await WaitForTwoAsync(seed);
            await WaitForTwoAsync(node);
        }, LeftCluster);
        await over.CancelAsync();

        var looks = await looking;
        Output.WriteLine(string.Join("; ", looks));
        Assert.Contains(looks, look => look.Contains("Exiting", StringComparison.Ordinal));
        // One that is Exiting has handed over what it had: the next generation may join before the seed has forgotten it. Of all others
        // there is never a third, because two generations of a node are not two members.
        Assert.All(looks, look => Assert.InRange(Status().Count(look), 1, 2));
        Assert.DoesNotContain(looks, look => look.Contains("Down", StringComparison.Ordinal));
        var log = seed.First.Lines.Select(line => line.Text).ToList();
        // It left, and was not lost.
        Assert.DoesNotContain(log, line => line.Contains("Marking node(s) as UNREACHABLE", StringComparison.Ordinal));
        Assert.Single(log, line => line.Contains("The reporter runs here", StringComparison.Ordinal));
        Assert.DoesNotContain(node.First.Lines, line => line.Text.Contains("The reporter runs here", StringComparison.Ordinal));

        // Its port is taken by itself. With Akka.NET's default both generations would listen there, and each would get half of the peers.
        Assert.Contains("Failed to bind", await seed.TryReloadAsync(), StringComparison.Ordinal);
        Assert.Equal(seed.First.Pid, seed.MainPid);
    }

    private static async Task WaitForTwoAsync(AppRun node)
    {
        var answer = "";
        await Eventually.TrueAsync(async () => Up().Count(answer = await node.AskAsync("GET /members")) == 2
            && Member().Count(answer) == 2, () => $"a cluster of two, but {answer}");
    }

    // What the seed has ever seen: the members' states.
    private static async Task<IReadOnlyCollection<string>> LookAsync(AppRun seed, CancellationToken over)
    {
        SortedSet<string> seen = [];
        while (!over.IsCancellationRequested)
        {
            var answer = await seed.AskAsync("GET /members");
            seen.Add(string.Join(' ', Member().Matches(answer).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)));
            await Task.Delay(LookInterval, CancellationToken.None);
        }

        return seen;
    }

    [GeneratedRegex("akka.tcp://[^ ]+ (\\w+)")]
    private static partial Regex Member();

    [GeneratedRegex("akka.tcp://[^ ]+ Up")]
    private static partial Regex Up();

    [GeneratedRegex("Joining|WeaklyUp|Up|Leaving")]
    private static partial Regex Status();
}
