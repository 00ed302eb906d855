// What it answers: how fast is import, how large is the file, how fast is search_ip against /ping at 1,000 and at 1,000,000 objects,
// and is every acknowledged write there after kill -9? docs/bench-inventory.md has the last result.
//   generate FILE COUNT        writes COUNT hosts as JSON lines
//   scale FOLDER               generates, imports and measures 1,000 and 1,000,000 objects
//   kill FOLDER ROUNDS         kills a writing server ROUNDS times
//   serve DB                   the server that the two others measure; prints its port
using System.Globalization;
using Ips.Bench.Inventory;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["generate", var file, var count]:
        Generator.Write(file, int.Parse(count));
        return 0;
    case ["serve", var database]:
        await Server.RunAsync(database);
        return 0;
    case ["scale", var folder]:
        return await Scale.RunAsync(folder);
    case ["kill", var folder, var rounds]:
        return await KillRounds.RunAsync(folder, int.Parse(rounds));
    default:
        Console.Error.WriteLine("usage: generate FILE COUNT | scale FOLDER | kill FOLDER ROUNDS | serve DB");
        return 2;
}
