using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Ips.Bench.Fleet;

/// <summary>Question: what does an agent cost that has nothing to do? Three real ones over TLS, a fleet of three.</summary>
internal static class IdleAgents
{
    private const int Agents = 3;

    public static async Task<IReadOnlyList<Idle>> MeasureAsync(string ips, TimeSpan time)
    {
        var folder = Directory.CreateTempSubdirectory("ips-bench-fleet-").FullName;
        List<Process> agents = [];
        try
        {
            var seed = Address(2);
            for (var i = 1; i <= Agents; i++)
            {
                var into = Path.Combine(folder, $"n{i}");
                var fleet = $"web={folder}/app{i}.pid";
                if (i == 1) await RunAsync(ips, "agent", "init", "n1", seed, "--fleet", fleet, "--into", into);
                else await RunAsync(ips, "agent", "add", $"n{i}", Address(i + 1), "--fleet", fleet, "--into", into, "--ca",
                    Path.Combine(folder, "n1", "fleet-ca"), "--seed", seed);
                agents.Add(Start(ips, "agent", "--config", Path.Combine(into, "agent.conf")));
            }

            await Task.Delay(TimeSpan.FromSeconds(30)); // they have met, and compiled what they need
            var before = agents.Select(Read).ToList();
            await Task.Delay(time);
            return [.. agents.Select((agent, i) => Read(agent) is var now
                ? new Idle(now.Rss, (now.Cpu - before[i].Cpu) / time) : default)];
        }
        finally
        {
            foreach (var agent in agents)
            {
                agent.Kill();
                agent.Dispose();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    private static (long Rss, TimeSpan Cpu) Read(Process agent)
    {
        agent.Refresh();
        if (agent.HasExited) throw new InvalidOperationException("An agent has ended.");
        return (agent.WorkingSet64, agent.TotalProcessorTime);
    }

    private static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', arguments)} failed with {process.ExitCode}.");
    }

    private static string Address(int last)
    {
        using var listener = new TcpListener(IPAddress.Parse($"127.0.0.{last}"), 0);
        listener.Start();
        return listener.LocalEndpoint.ToString()!;
    }

    /// <summary>One agent.</summary>
    /// <param name="Rss">Its memory.</param>
    /// <param name="Share">Of one processor.</param>
    internal readonly record struct Idle(long Rss, double Share);
}
