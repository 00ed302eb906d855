using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>A node of an Akka.NET cluster that joins at <c>OnPromoted</c> and leaves at <c>OnDraining</c>.</summary>
[Collection(Waits.Name)]
public sealed class ClusterTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Reload_OfANode_LeavesTheClusterAndJoinsIt()
    {
        var kind = AppKindTable.Of("akka-cluster");
        var port = FreePort.Next();
        await using var other = AppRun.Start(kind, Path.Combine(Folder, "1"), line: false, ["--cluster-port", $"{port}"]);
        await other.WaitForListeningAsync();
        await using var node = AppRun.Start(
            kind, Path.Combine(Folder, "2"), line: true, ["--seed", $"akka.tcp://app@127.0.0.1:{port}"]);
        await node.WaitForListeningAsync();
        await WaitForMembersAsync(other, "Up, Up");

        Assert.Null(await node.TryReloadAsync());
        Assert.Contains("a member that is up", await node.AskAsync("GET /kind"), StringComparison.Ordinal);
        await node.Processes.WaitForOnlyAsync(node.MainPid);
        await WaitForMembersAsync(other, "Up, Up");
        Assert.DoesNotContain(other.First.Lines, line => line.Text.Contains("unreachable", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(other.First.Lines, line => line.Text.Contains("Exiting", StringComparison.Ordinal)); // it left, and was not lost
    }

    private static Task WaitForMembersAsync(AppRun node, string members)
    {
        var answer = "";
        return Eventually.TrueAsync(async () =>
        {
            answer = await node.AskAsync("GET /members");
            return answer.TrimEnd().Split("\r\n").Contains(members);
        }, () => $"a cluster of {members}, but {answer}");
    }
}
