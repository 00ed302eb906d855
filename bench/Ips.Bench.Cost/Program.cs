// What it answers: what does AddIps() cost an app, at its start and with each request? bench/cost.sh runs it and writes its table into
// docs/bench-cost.md.
//   run JIT READYTORUN OUTPUT [--start-pairs N] [--load-pairs N] [--seconds N]   measures, prints the table, writes it to the file OUTPUT;
//                                                  JIT and READYTORUN are this program, published without and with ReadyToRun
//   serve plain|ips PORT PIDFILE                   the app
using System.Globalization;
using Ips.Bench;
using Ips.Bench.Cost;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["serve", CostApp.Plain or CostApp.WithIps, var port, var pidFile]:
        CostApp.Run(args[1], port, pidFile);
        return 0;
    case ["run", var jit, var readyToRun, var output, .. var options]:
        var (startPairs, loadPairs) = (Option(options, "--start-pairs", 15), Option(options, "--load-pairs", 9));
        var seconds = Option(options, "--seconds", 4);
        var machine = Machine.Describe();
        var starts = new[]
        {
            ("JIT", await StartCost.MeasureAsync(jit, startPairs)), ("ReadyToRun", await StartCost.MeasureAsync(readyToRun, startPairs))
        };
        var cost = new RequestCost(readyToRun, loadPairs, seconds);
        var kept = await cost.MeasureAsync(keepsAlive: true);
        var single = await cost.MeasureAsync(keepsAlive: false);
        var measured = await cost.MeasuredAsync();
        var allocations = (await cost.AllocationsAsync(CostApp.Plain), await cost.AllocationsAsync(CostApp.WithIps));
        var table = CostTable.Render(
            $"Measured on {machine}, {Machine.Load()} after it. {startPairs} pairs of starts and {loadPairs} pairs of {seconds} s of load.",
            starts, kept, single, measured, allocations);
        Console.Write(table);
        await File.WriteAllTextAsync(output, table);
        return 0;
    default:
        Console.Error.WriteLine(
            "usage: run JIT READYTORUN OUTPUT [--start-pairs N] [--load-pairs N] [--seconds N] | serve plain|ips PORT PIDFILE");
        return 2;
}

static int Option(string[] options, string name, int otherwise) =>
    Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? int.Parse(options[at + 1]) : otherwise;
