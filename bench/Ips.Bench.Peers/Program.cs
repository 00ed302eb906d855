using Ips.Bench;
// What it answers: what do clients see of a reload of Ips, and of nginx, HAProxy, gunicorn and others, side by side in one run? And: is a
// new generation warm? bench/peers.sh builds all of it, runs it and writes its table into docs/bench-peers.md and its plot beside it.
//   run SCRIPTS BINARIES TABLE PLOT [--rounds N] [--aim-reloads N] [--only PART-OF-NAME]   measures; 0 rounds or reloads leave that part
// out   serve ips|kestrel [...]                                                              the app of two of the peers
using System.Globalization;
using System.Runtime.InteropServices;
using Ips.Bench.Peers;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["serve", "ips" or "kestrel", .. var rest]:
        return await PingApp.RunAsync(withIps: args[1] == "ips", rest);
    case ["run", var scripts, var binaries, var table, var plot, .. var options]:
        return await RunAsync(Path.GetFullPath(scripts), Path.GetFullPath(binaries), table, plot, options);
    default:
        Console.Error.WriteLine(
            "usage: run SCRIPTS BINARIES TABLE PLOT [--rounds N] [--aim-reloads N] [--only PART-OF-NAME] | serve ips|kestrel [...]");
        return 2;
}

static async Task<int> RunAsync(string scripts, string binaries, string table, string plot, string[] options)
{
    // The peers lead sessions of their own, so ^C reaches this process only, which then stops them.
    using var stop = new CancellationTokenSource();
    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

    var only = Option(options, "--only", "");
    var rounds = int.Parse(Option(options, "--rounds", "5"));
    var reloads = int.Parse(Option(options, "--aim-reloads", "9"));
    var machine = Machine.Describe();
    try
    {
        var ips = Peer.All.Where(peer => peer.Name == Peer.IpsName);
        var peers = Peer.All.Where(peer => peer.Name != Peer.IpsName && peer.Name.Contains(only, StringComparison.OrdinalIgnoreCase));
        var results = await PeerRounds.MeasureAsync(rounds > 0 ? [.. ips, .. peers] : [.. ips], rounds, scripts, binaries, stop.Token);
        var aims = reloads > 0 ? await PeerRounds.ReloadsAsync(ips.Single(), reloads, scripts, binaries, stop.Token) : [];
        var text = PeerTable.Render(machine, Machine.Load(), results, rounds, aims, Path.GetFileName(plot));
        Console.Write(text);
        await File.WriteAllTextAsync(table, text, stop.Token);
        await File.WriteAllTextAsync(plot, PeerPlot.ToSvg(results), stop.Token);
        return 0;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        Console.Error.WriteLine("Interrupted; all that was started is stopped.");
        return 130;
    }
}

static string Option(string[] options, string name, string otherwise) =>
    Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? options[at + 1] : otherwise;
