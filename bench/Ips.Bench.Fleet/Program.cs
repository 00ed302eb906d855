// What it answers: how many messages and bytes is a rollout, what does its coordinator compute, and what does an agent cost that has
// nothing to do? bench/fleet.sh runs it; docs/bench-fleet.md has the last result.
//   run IPS OUTPUT [--agents N] [--seconds N]   simulates a rollout over N agents, measures three idle agents of the program IPS for N
//                                               seconds, and writes the tables to the file OUTPUT
using System.Globalization;
using Ips.Bench;
using Ips.Bench.Fleet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not ["run", var ips, var output, .. var options])
{
    Console.Error.WriteLine("usage: run IPS OUTPUT [--agents N] [--seconds N]");
    return 2;
}

var agents = Option("--agents", 1000);
var seconds = Option("--seconds", 60);
var machine = Machine.Describe();
new SimulatedFleet(agents, nameLength: 12).Run(); // unrecorded: hot code is compiled
var fleet = new SimulatedFleet(agents, nameLength: 12);
fleet.Run();
var idle = await IdleAgents.MeasureAsync(ips, TimeSpan.FromSeconds(seconds));
var table = FleetTable.Render($"Measured on {machine}, {Machine.Load()} after it.", fleet, idle, seconds);
Console.Write(table);
await File.WriteAllTextAsync(output, table);
return 0;

int Option(string name, int otherwise) =>
    Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? int.Parse(options[at + 1]) : otherwise;
