using System.Net;
using System.Net.Sockets;

namespace Ips.Actors.Handover;

/// <summary>
/// The name of a listening socket: the endpoint as Kestrel asks for it, and which of several equal ones it is.
/// The address asked for, not the one got: a successor asks for port 0 again and must get the port of its predecessor.
/// </summary>
/// <remarks>A class: collections of a structure would be compiled at each start.</remarks>
internal sealed record EndpointKey(string Endpoint, int Ordinal)
{
    /// <summary>Of what came by no listening socket.</summary>
    public static readonly EndpointKey None = new("", 0);

    /// <summary>How the text of a Unix socket with a path begins.</summary>
    public const string UnixPath = "unix:/";

    /// <summary>The text of an endpoint, such as <c>127.0.0.1:80</c>, <c>[::]:0</c> or <c>unix:/run/app.sock</c>.</summary>
    public static string Text(EndPoint endPoint) => endPoint switch
    {
        UnixDomainSocketEndPoint unix => $"unix:{unix}",
        IPEndPoint ip => ip.ToString(),
        _ => throw new NotSupportedException($"An endpoint of type {endPoint.GetType().Name} cannot be handed over."),
    };

    public override string ToString() => Ordinal == 0 ? Endpoint : $"{Endpoint}#{Ordinal}";
}
