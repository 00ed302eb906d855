// What it answers: how long does a reload take until the new generation answers, against a cold start of the same binary, and what does
// AddIps() cost in requests a second? bench/reload.sh runs it and writes its table into docs/bench-reload.md.
//   run DAEMON OUTPUT [--start-pairs N] [--load-pairs N] [--seconds N]   measures, prints the table, and writes it to the file OUTPUT
//   serve plain|ips                                                      the app under load; prints its port, serves until its input ends
using System.Globalization;
using Ips.Bench.Reload;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["serve", "plain" or "ips"]:
        return await PingServer.RunAsync(withIps: args[1] == "ips");
    case ["run", var daemon, var output, .. var options]:
        var startPairs = Option(options, "--start-pairs", 15);
        var loadPairs = Option(options, "--load-pairs", 9);
        var seconds = Option(options, "--seconds", 4);
        var machine = Machine.Describe();
        var starts = await StartPairs.MeasureAsync(daemon, startPairs);
        var loads = await LoadPairs.MeasureAsync(loadPairs, seconds);
        var table = FigureTable.Render(machine, Machine.Load(), starts, loads, seconds);
        Console.Write(table);
        await File.WriteAllTextAsync(output, table);
        return 0;
    default:
        Console.Error.WriteLine("usage: run DAEMON OUTPUT [--start-pairs N] [--load-pairs N] [--seconds N] | serve plain|ips");
        return 2;
}

static int Option(string[] options, string name, int otherwise) =>
    Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? int.Parse(options[at + 1]) : otherwise;
