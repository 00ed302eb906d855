using System.Net;
using Ips.Actors.Listener;
using Ips.Actors.Posix;

namespace Ips.Actors.Hosting;

/// <summary>Sockets that had to be opened before this process gave up its rights; the transport adopts them as if a predecessor had handed them over.</summary>
internal static class EarlySockets
{
    private static readonly List<OfferedSocket> Open = [];

    /// <summary>Listens on an address.</summary>
    /// <returns>False if this machine does not have it, which Kestrel will judge.</returns>
    /// <exception cref="PosixException">EADDRINUSE, EACCES.</exception>
    public static bool TryOpen(IPEndPoint endPoint, int backlog)
    {
        try
        {
            var fd = ListeningSockets.OpenTcp(endPoint, backlog, out _);
            Open.Add(new OfferedSocket(EndpointKey.Text(endPoint), 0, fd));
            return true;
        }
        catch (PosixException e) when (e.Errno is Errno.EAFNOSUPPORT or Errno.EADDRNOTAVAIL)
        {
            return false;
        }
    }

    /// <summary>Hands them out, once.</summary>
    public static IReadOnlyList<OfferedSocket> Take()
    {
        OfferedSocket[] taken = [.. Open];
        Open.Clear();
        return taken;
    }
}
