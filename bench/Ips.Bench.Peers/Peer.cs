using Ips.Testing.Processes;

namespace Ips.Bench.Peers;

/// <summary>A server that can replace itself while it runs, and how that is asked of it.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Folder">Its folder in bench/peers, with start.sh.</param>
/// <param name="Reload">How a reload is asked for, in words for the table.</param>
/// <param name="Signal">What its main process is sent for a reload.</param>
/// <param name="Needs">Executables without which it is missing: paths, or names in the folder of built programs.</param>
internal sealed record Peer(string Name, string Folder, string Reload, int Signal, IReadOnlyList<string> Needs)
{
    public const string IpsName = "Ips";

    /// <summary>The upgrade takes a second signal: the old main process is told to quit once the new one has its workers.</summary>
    public bool QuitsOld { get; init; }

    /// <summary>All that are measured.</summary>
    public static IReadOnlyList<Peer> All { get; } =
    [
        new(IpsName, "ips", "USR2", ProcessTable.SigUsr2, ["Ips.Bench.Peers"]),
        new("Kestrel on a held socket", "kestrel", "restart", ProcessTable.SigHup, ["Ips.Bench.Peers", "/usr/bin/python3"]),
        new("nginx", "nginx", "HUP", ProcessTable.SigHup, ["/usr/sbin/nginx"]),
        new("nginx, new binary", "nginx", "USR2, QUIT", ProcessTable.SigUsr2, ["/usr/sbin/nginx"]) { QuitsOld = true },
        new("HAProxy", "haproxy", "USR2", ProcessTable.SigUsr2, ["/usr/sbin/haproxy"]),
        new("gunicorn", "gunicorn", "HUP", ProcessTable.SigHup, ["/usr/bin/gunicorn"]),
        new("Go, tableflip", "go-tableflip", "HUP", ProcessTable.SigHup, ["go-tableflip"]),
        new("Go, gin with fd 3", "go-gin", "USR2", ProcessTable.SigUsr2, ["go-gin"]),
    ];

    /// <summary>The executables that are not there.</summary>
    /// <param name="binaries">The folder of built programs.</param>
    public IReadOnlyList<string> Missing(string binaries) => [.. Needs.Where(need => !File.Exists(Path.Combine(binaries, need)))];
}
