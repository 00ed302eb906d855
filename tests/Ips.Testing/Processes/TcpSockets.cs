using System.Globalization;

namespace Ips.Testing.Processes;

/// <summary>One TCP socket over IPv4 as the kernel lists it. See proc_pid_net(5).</summary>
/// <param name="Inode">Which descriptors show as <c>socket:[inode]</c>; 0 for a connection that nobody has accepted yet.</param>
/// <param name="LocalPort">Its own port.</param>
/// <param name="RemotePort">The peer's; 0 for one that listens.</param>
/// <param name="State">As the kernel numbers it.</param>
internal sealed record TcpSocket(string Inode, int LocalPort, int RemotePort, int State)
{
    private const int CloseWait = 8, Listen = 10;

    /// <summary>The peer has closed, and this end has not.</summary>
    public bool WasLeft => State == CloseWait;

    /// <summary>It waits for clients.</summary>
    public bool IsListening => State == Listen;
}

/// <summary>What sockets there are, and whose.</summary>
internal static class TcpSockets
{
    private const string Socket = "socket:[";

    /// <summary>All of a process's network namespace.</summary>
    public static IReadOnlyList<TcpSocket> All(int pid) =>
    [
        .. File.ReadLines($"/proc/{pid}/net/tcp").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(words => new TcpSocket(words[9], Port(words[1]), Port(words[2]), Hexadecimal(words[3]))),
    ];

    /// <summary>The inode of the socket that listens on a port of this network namespace, which identifies the socket.</summary>
    /// <returns>Null if nobody listens.</returns>
    public static string? Listener(int port) =>
        All(Environment.ProcessId).FirstOrDefault(socket => socket.IsListening && socket.LocalPort == port)?.Inode;

    /// <summary>The inodes of a process's sockets, of any kind.</summary>
    public static IReadOnlySet<string> InodesOf(int pid) => ProcessTable.OpenFiles(pid)
        .Select(line => line[(line.IndexOf("-> ", StringComparison.Ordinal) + 3)..])
        .Where(name => name.StartsWith(Socket, StringComparison.Ordinal)).Select(name => name[Socket.Length..^1]).ToHashSet();

    /// <summary>The clients whose connections a process has, by their ports.</summary>
    public static IReadOnlySet<int> ClientsOf(int pid)
    {
        var sockets = InodesOf(pid);
        return All(pid).Where(socket => socket.RemotePort != 0 && sockets.Contains(socket.Inode)).Select(socket => socket.RemotePort)
            .ToHashSet();
    }

    private static int Port(string address) => Hexadecimal(address.Split(':')[1]);

    private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
