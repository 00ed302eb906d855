// What it answers: how long does a reload take until the new generation answers, against a cold start of the same binary?
// bench/reload.sh runs it and writes its table into docs/bench-reload.md.
//   run DAEMON OUTPUT [--start-pairs N]   measures, prints the table, and writes it to the file OUTPUT
using System.Globalization;
using Ips.Bench;
using Ips.Bench.Reload;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["run", var daemon, var output, .. var options]:
        var startPairs = Option(options, "--start-pairs", 15);
        var machine = Machine.Describe();
        var starts = await StartPairs.MeasureAsync(daemon, startPairs);
        var table = FigureTable.Render(machine, Machine.Load(), starts);
        Console.Write(table);
        await File.WriteAllTextAsync(output, table);
        return 0;
    default:
        Console.Error.WriteLine("usage: run DAEMON OUTPUT [--start-pairs N]");
        return 2;
}

static int Option(string[] options, string name, int otherwise) =>
    Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? int.Parse(options[at + 1]) : otherwise;
