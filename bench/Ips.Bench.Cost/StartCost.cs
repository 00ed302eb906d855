namespace Ips.Bench.Cost;

/// <summary>Question: how much later does an app answer its first request because of <c>AddIps()</c>? Two starts back to back, in pairs
/// whose order alternates.</summary>
internal static class StartCost
{
    public static async Task<IReadOnlyList<(Start Plain, Start Ips)>> MeasureAsync(string program, int pairs)
    {
        await MeasureAsync(program, "plain"); // unrecorded: files come into the page cache
        await MeasureAsync(program, "ips");
        List<(Start Plain, Start Ips)> measured = [];
        for (var i = 0; i < pairs; i++)
        {
            var plainFirst = i % 2 == 0;
            var first = await MeasureAsync(program, plainFirst ? "plain" : "ips");
            var second = await MeasureAsync(program, plainFirst ? "ips" : "plain");
            measured.Add(plainFirst ? (first, second) : (second, first));
            var (plain, ips) = measured[^1];
            Console.Error.WriteLine($"start pair {i + 1}/{pairs}: {plain.FirstResponseMs:F0} ms without, {ips.FirstResponseMs:F0} with");
        }

        return measured;
    }

    private static async Task<Start> MeasureAsync(string program, string kind)
    {
        using var server = new CostServer(program, kind);
        return new Start(server.FirstResponse.TotalMilliseconds, await server.GetAsync<StartStamps>("/stamps"));
    }
}

/// <summary>One start.</summary>
/// <param name="FirstResponseMs">From the start of the process to its first response, as a client sees it.</param>
/// <param name="Inside">As the app sees it.</param>
internal sealed record Start(double FirstResponseMs, StartStamps Inside);
