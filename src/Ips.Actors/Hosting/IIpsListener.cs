using System.Net;
using System.Net.Sockets;

namespace Microsoft.Extensions.Hosting;

/// <summary>A listening socket of the app's own that every generation shares: see <see cref="IIpsGeneration.ListenAsync"/>.</summary>
/// <remarks>Connections that no generation accepts wait in the kernel's queue, and none is refused. Disposing of the listener stops
/// accepting here; the next generation keeps the socket.</remarks>
public interface IIpsListener : IDisposable
{
    /// <summary>Gets the address, with the real port if 0 was asked for.</summary>
    EndPoint EndPoint { get; }

    /// <summary>Waits for a connection. Without a call nothing is accepted in this generation. One call at a time takes a connection;
    /// others wait for it.</summary>
    /// <param name="cancellationToken">Ends the wait. A connection is never lost by it.</param>
    /// <returns>The connection, which the caller disposes of; null once this generation has closed its copy of the socket: it was disposed
    /// of, the service stops, or the next generation has taken over.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    ValueTask<Socket?> AcceptAsync(CancellationToken cancellationToken = default);
}
