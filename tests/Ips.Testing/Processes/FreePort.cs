using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ips.Testing.Processes;

/// <summary>Finds TCP ports for daemons that must be told one, rather than bind port 0.</summary>
internal static class FreePort
{
    private const int Lowest = 15_000;
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that nobody has on 127.0.0.1, [::1] and their wildcards, and that this process was not given before.</summary>
    /// <remarks>It lies below the range that the system picks clients' ports from: one out of that range could be taken by any outgoing
    /// connection, such as a load's, before the daemon binds it.</remarks>
    /// <exception cref="InvalidOperationException">None found.</exception>
    public static int Next()
    {
        var highest = LowestClientPort() - 1;
        lock (Gate)
        {
            for (var attempt = 0; attempt < 1000; attempt++)
            {
                // At random, so that test processes that run side by side hardly ever meet.
                var port = Random.Shared.Next(Lowest, highest + 1);
                if (!Given.Contains(port) && IsFree(port))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }

        throw new InvalidOperationException($"No free port from {Lowest} to {highest}: 1000 were tried.");
    }

    private static bool IsFree(int port) => CanBind(IPAddress.Any, port) && (!Socket.OSSupportsIPv6 || CanBind(IPAddress.IPv6Any, port));

    private static bool CanBind(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }

    private static int LowestClientPort()
    {
        const string path = "/proc/sys/net/ipv4/ip_local_port_range";
        var lowest = int.Parse(File.ReadAllText(path).Split('\t', ' ')[0], CultureInfo.InvariantCulture);
        return lowest > Lowest + 1000 ? lowest
            : throw new InvalidOperationException(
                $"{path} begins at {lowest}; there are too few ports from {Lowest} up to it to pick one that no client gets.");
    }
}
