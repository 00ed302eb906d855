using Ips.Benchmarks;

return args switch
{
    ["serve", "stock" or "ips"] => await TransportServer.RunAsync(args[1]),
    ["transport", .. var rest] => await TransportComparison.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        Ips.Benchmarks transport [--rounds 7] [--seconds 4] [--only NAME] [--together]
          Is the movable connection as fast as Kestrel's own socket transport? Same app on both, wrk on loopback, in pairs;
          medians and ratios.
          --together runs both servers of a pair at the same time: on a machine that others use, only the ratios mean something,
          and then of cpu.
        """);
    return 2;
}
