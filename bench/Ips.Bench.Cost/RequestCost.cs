using System.Net;
using System.Net.Sockets;

namespace Ips.Bench.Cost;

/// <summary>
/// Question: how many requests per second does an app answer with <c>AddIps()</c> for each that it answers without? Two servers in
/// processes of their own, the same load one after the other, in pairs whose order alternates. Beside it the processor time of a request,
/// which says the same on a busy machine. Both servers have one processor and the load has another: a pool that has more of them than work
/// spins, and what it spins is not the cost of a request.
/// </summary>
/// <param name="program">The app, published.</param>
/// <param name="pairs">Pairs of loads.</param>
/// <param name="seconds">Of each load.</param>
internal sealed class RequestCost(string program, int pairs, int seconds)
{
    private const int Connections = 32;
    private const int ServerProcessor = 0, LoadProcessor = 1;
    private const int WarmSeconds = 6;
    private const int WarmRequests = 5_000, TracedRequests = 50_000;

    /// <summary>Without the line and with it.</summary>
    public async Task<IReadOnlyList<(Load, Load)>> MeasureAsync(bool keepsAlive)
    {
        using var plain = new CostServer(program, CostApp.Plain, ServerProcessor);
        using var ips = new CostServer(program, CostApp.WithIps, ServerProcessor);
        return await PairAsync(CostApp.Plain, () => MeasureAsync(plain, keepsAlive), CostApp.WithIps, () => MeasureAsync(ips, keepsAlive));
    }

    /// <summary>With the line, not measured for the judge and measured. One process, so that both run the same compiled code.</summary>
    public async Task<IReadOnlyList<(Load, Load)>> MeasuredAsync()
    {
        using var server = new CostServer(program, CostApp.WithIps, ServerProcessor);
        return await PairAsync("not measured", () => MeasureAsync(false), "measured", () => MeasureAsync(true));

        async Task<Load> MeasureAsync(bool on)
        {
            if (await server.GetAsync<bool>($"/measured/{on}") != on) throw new InvalidOperationException("The app is not measured.");
            return await this.MeasureAsync(server, keepsAlive: true);
        }
    }

    private async Task<IReadOnlyList<(Load, Load)>> PairAsync(string one, Func<Task<Load>> first, string other,
        Func<Task<Load>> second)
    {
        for (var warmed = 0; warmed < WarmSeconds; warmed += seconds) // hot code is compiled before the first pair
        {
            await first();
            await second();
        }

        List<(Load First, Load Second)> measured = [];
        for (var i = 0; i < pairs; i++)
        {
            var firstComesFirst = i % 2 == 0;
            var (a, b) = (await (firstComesFirst ? first() : second()), await (firstComesFirst ? second() : first()));
            measured.Add(firstComesFirst ? (a, b) : (b, a));
            var pair = measured[^1];
            Console.Error.WriteLine(
                $"load pair {i + 1}/{pairs}: {pair.First.PerSecond:F0} requests/s {one}, {pair.Second.PerSecond:F0} {other}; "
                + $"{pair.First.CpuMicroseconds:F1} and {pair.Second.CpuMicroseconds:F1} us of processor time each");
        }

        return measured;
    }

    /// <summary>What a request on a kept connection allocates, and of which types.</summary>
    public async Task<(double BytesPerRequest, IReadOnlyDictionary<string, int> Types)> AllocationsAsync(string kind)
    {
        using var server = new CostServer(program, kind);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(IPAddress.Loopback, server.Port);
        await server.GetAsync<Allocated>("/allocations");
        Ask(client, WarmRequests);
        var before = await server.GetAsync<Allocated>("/allocations");
        Ask(client, TracedRequests);
        var after = await server.GetAsync<Allocated>("/allocations");
        return ((after.Bytes - before.Bytes) / (double)TracedRequests, after.Types);
    }

    private async Task<Load> MeasureAsync(CostServer server, bool keepsAlive)
    {
        var before = server.Cpu;
        var run = await Wrk.RunAsync(server.Port, Connections, seconds, keepsAlive, LoadProcessor);
        if (run.Errors is { } errors) throw new InvalidOperationException($"Requests failed, so the speed says nothing: {errors}");
        return new Load(run.PerSecond, (server.Cpu - before).TotalMicroseconds / run.Requests);
    }

    private static void Ask(Socket client, int requests)
    {
        var buffer = new byte[1024];
        for (var i = 0; i < requests; i++)
        {
            client.Send("GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
            var count = client.Receive(buffer);
            if (!buffer.AsSpan(0, count).StartsWith("HTTP/1.1 200"u8)) throw new InvalidOperationException("A request failed.");
            while (!buffer.AsSpan(0, count).EndsWith("pong\n"u8) && !buffer.AsSpan(0, count).EndsWith("\r\n0\r\n\r\n"u8))
                count += client.Receive(buffer, count, buffer.Length - count, SocketFlags.None);
        }
    }
}

/// <summary>What one run of the load measured.</summary>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="CpuMicroseconds">Processor time of the server for one request.</param>
internal readonly record struct Load(double PerSecond, double CpuMicroseconds);
