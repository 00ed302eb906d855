using System.Diagnostics;
using System.Net;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>Hosts with addresses of their own: a network namespace each, with two cables. By one the agents see each other, and it can be
/// cut; by the other clients come.</summary>
/// <remarks>A namespace lives as long as the process that holds it, which ends when its stdin does: so nothing is left behind even if the
/// tests are killed, nothing is mounted, and the only thing that the machine itself gets is one interface named by the PID, until the
/// switches' namespace is gone.</remarks>
internal sealed class HostsOnCables : IAsyncDisposable
{
    // 198.18.0.0/15 is for tests of networks (RFC 2544): nobody's route is in the way.
    private static readonly int Net = Environment.ProcessId % 250;

    private readonly List<Process> _holders = [];
    private readonly string _own = $"ips{Environment.ProcessId}";

    /// <summary>Lays the cables.</summary>
    public static async Task<HostsOnCables> StartAsync(int count)
    {
        var hosts = new HostsOnCables();
        try
        {
            for (var i = 0; i <= count; i++) hosts._holders.Add(await HoldAsync());
            await hosts.InSwitchesAsync($"""
                ip link set lo up
                ip link add agents type bridge
                ip link set agents up
                ip link add clients type bridge
                ip link set clients up
                ip link add tests type veth peer name {hosts._own} netns {Environment.ProcessId}
                ip link set tests master clients up
                """);
            await ShellAsync([], $"ip addr add 198.19.{Net}.254/24 dev {hosts._own} && ip link set {hosts._own} up");
            for (var i = 1; i <= count; i++)
            {
                await hosts.InSwitchesAsync($"""
                    ip link add agents{i} type veth peer name agents netns {hosts._holders[i].Id}
                    ip link set agents{i} master agents up
                    ip link add clients{i} type veth peer name clients netns {hosts._holders[i].Id}
                    ip link set clients{i} master clients up
                    """);
                await ShellAsync(hosts.Prefix(i), $"""
                    ip link set lo up
                    ip addr add 198.18.{Net}.{i}/24 dev agents
                    ip link set agents up
                    ip addr add 198.19.{Net}.{i}/24 dev clients
                    ip link set clients up
                    """);
            }

            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    /// <summary>A place on each host.</summary>
    public IReadOnlyList<FleetPlace> Places => [.. Enumerable.Range(1, _holders.Count - 1).Select(i => new FleetPlace(
        new(IPAddress.Parse($"198.18.{Net}.{i}"), 4747), new(IPAddress.Parse($"198.19.{Net}.{i}"), 8080), Prefix(i)))];

    /// <summary>Puts the cut hosts, by number from 1, on a switch of their own: they see each other, and nobody else.</summary>
    public Task CutAsync(params IReadOnlyList<int> hosts) => InSwitchesAsync(string.Join('\n',
        ["ip link add apart type bridge", "ip link set apart up", .. hosts.Select(i => $"ip link set agents{i} master apart")]));

    /// <summary>Puts them back.</summary>
    public Task HealAsync(params IReadOnlyList<int> hosts) => InSwitchesAsync(
        $"{string.Join('\n', hosts.Select(i => $"ip link set agents{i} master agents"))}\nip link del apart");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var holder in _holders)
        {
            holder.StandardInput.Close();
            await holder.WaitForExitAsync().WaitAsync(Limits.Step);
            holder.Dispose();
        }

        // The kernel removes a namespace in the background, and an interface with the other end of its cable.
        await Eventually.TrueAsync(() => !Directory.Exists($"/sys/class/net/{_own}"), "an end of the test's interface");
    }

    private Task InSwitchesAsync(string script) => ShellAsync(Prefix(0), script);

    private IReadOnlyList<string> Prefix(int host) => ["/usr/bin/nsenter", $"--net=/proc/{_holders[host].Id}/ns/net", "--"];

    private static async Task ShellAsync(IReadOnlyList<string> prefix, string script)
    {
        string[] words = [.. prefix, "/bin/sh", "-ec", script];
        var result = await Harness.IpsCommand.RunProgramAsync(null, null, words[0], words[1..]);
        Assert.True(result.ExitCode == 0, $"{script}\n{result}");
    }

    private static async Task<Process> HoldAsync()
    {
        var holder = Executable.Start(new ProcessStartInfo("unshare", ["--net", "/bin/sh", "-c", "echo ready; exec cat"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        });
        Assert.Equal("ready", await holder.StandardOutput.ReadLineAsync().WaitAsync(Limits.Step));
        return holder;
    }
}
