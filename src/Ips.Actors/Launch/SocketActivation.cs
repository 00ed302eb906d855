using System.Net.Sockets;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>The listening sockets that the service manager passed at the start of the first generation, matched by address to the endpoints
/// that the app asks for. Later generations get them from their predecessors, as any other socket.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SocketActivation
{
    private readonly IReadOnlyDictionary<string, string> _names; // by address

    private SocketActivation(IReadOnlyList<OfferedSocket> sockets, IReadOnlyDictionary<string, string> names) =>
        (Sockets, _names) = (sockets, names);

    /// <summary>The sockets, by the addresses that they are bound to.</summary>
    public IReadOnlyList<OfferedSocket> Sockets { get; }

    /// <summary>Takes what was passed to this process, closes it to programs that it starts, and takes the variables out of its
    /// environment.</summary>
    /// <returns>Null if nothing was passed.</returns>
    /// <exception cref="SocketActivationException">Something else than listening stream sockets was passed.</exception>
    public static SocketActivation? Claim()
    {
        var passed = ActivationParser.Parse(Environment.GetEnvironmentVariable, Environment.ProcessId);
        foreach (var name in (string[])[ActivationParser.CountVariable, ActivationParser.PidVariable, ActivationParser.NamesVariable])
            _ = HandoverVariables.Take(name);
        return passed.Count == 0 ? null : Take(passed);
    }

    internal static SocketActivation Take(IReadOnlyList<PassedSocket> passed)
    {
        List<OfferedSocket> sockets = [];
        Dictionary<string, string> names = [];
        foreach (var (fd, name) in passed)
        {
            if (!FileDescriptors.IsOpen(fd)) throw new SocketActivationException(
                $"The service manager says that descriptor {fd} ({name}) is a socket, but it is closed.");
            FileDescriptors.SetCloseOnExec(fd); // whatever it is: nothing that this process starts is to inherit it
            if (!ListeningSockets.IsListening(fd))
                throw new SocketActivationException(
                    $"Descriptor {fd} ({name}) is no socket that listens for connections; the socket unit may only have ListenStream= "
                    + "with Accept=no.");
            var address = EndpointKey.Text(ListeningSockets.LocalEndPoint(fd));
            sockets.Add(new OfferedSocket(address, sockets.Count(other => other.Endpoint == address), fd, External: true));
            names[address] = name;
        }

        return new SocketActivation(sockets, names);
    }

    /// <summary>The app listens on an address that no socket was passed for.</summary>
    public SocketActivationException NotPassed(string endpoint) => new(
        $"The app listens on {endpoint}, but the service manager passed sockets for "
            + $"{Describe(Sockets.Select(socket => socket.Endpoint))} only; "
        + $"add ListenStream= for {endpoint} to the socket unit, or take it from the app's endpoints (ips.urls, ips.kestrel, --urls).");

    /// <summary>Sockets were passed that the app does not listen on.</summary>
    public SocketActivationException NotAskedFor(IEnumerable<string> unused, IEnumerable<string> endpoints) => new(
        $"The service manager passed sockets for {Describe(unused)}, but the app listens on {string.Join(", ", endpoints)} only; "
        + "add them to the app's endpoints (ips.urls, ips.kestrel, --urls), or take them from the socket unit.");

    private string Describe(IEnumerable<string> addresses) =>
        string.Join(", ", addresses.Select(address => $"{address} ({_names.GetValueOrDefault(address, "unknown")})"));
}

/// <summary>The sockets that the service manager passed and the endpoints of the app are not the same; the message names both
/// sides.</summary>
/// <remarks>An IOException, because Kestrel would try another address after any other exception.</remarks>
internal sealed class SocketActivationException(string message) : IOException(message);

/// <summary>A descriptor that the service manager passed.</summary>
/// <param name="Fd">Its number, from 3.</param>
/// <param name="Name">What the manager calls it: the socket unit, or its FileDescriptorName. Only for messages.</param>
internal sealed record PassedSocket(int Fd, string Name);
