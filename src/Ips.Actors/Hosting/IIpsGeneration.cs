using System.Net;

namespace Microsoft.Extensions.Hosting;

/// <summary>
/// This process among the generations of its service, for code that must not run in two of them at once, such as timers and queue
/// consumers. Registered as a singleton by <c>AddIps()</c>.
/// </summary>
/// <remarks>
/// The order over a life is <see cref="OnServing"/>, <see cref="OnPromoted"/>, <see cref="OnDraining"/>, <see cref="OnReleasing"/>. A
/// successor serves requests while its predecessor is still primary. The predecessor's <see cref="OnDraining"/> handlers have ended before
/// the successor's <see cref="OnPromoted"/> handlers run. After a rollback, a predecessor that had begun to drain is promoted again.
/// </remarks>
public interface IIpsGeneration
{
    /// <summary>Gets the number of this generation, counted from 1.</summary>
    int Number { get; }

    /// <summary>Gets whether this generation is primary: from just before <see cref="OnPromoted"/> to just before
    /// <see cref="OnDraining"/>. True in at most one generation at a time.</summary>
    bool IsPrimary { get; }

    /// <summary>Registers a handler that runs when this generation begins to accept connections.</summary>
    /// <param name="handler">The handler. An exception is logged.</param>
    /// <returns>Disposing it removes the handler.</returns>
    IDisposable OnServing(Func<CancellationToken, Task> handler);

    /// <summary>Registers a handler that runs when this generation becomes primary.</summary>
    /// <param name="handler">The handler. An exception is logged.</param>
    /// <returns>Disposing it removes the handler.</returns>
    IDisposable OnPromoted(Func<CancellationToken, Task> handler);

    /// <summary>Registers a handler that runs when this generation stops being primary. The successor is promoted after it ends.</summary>
    /// <param name="handler">The handler. Its token is cancelled after 10 s, and the promotion no longer waits then. An exception is
    /// logged.</param>
    /// <returns>Disposing it removes the handler.</returns>
    IDisposable OnDraining(Func<CancellationToken, Task> handler);

    /// <summary>Registers a handler that runs when the last request was answered and Kestrel has stopped, just before the process exits:
    /// the place to release pools.</summary>
    /// <param name="handler">The handler. It has 10 s. An exception is logged.</param>
    /// <returns>Disposing it removes the handler.</returns>
    IDisposable OnReleasing(Func<CancellationToken, Task> handler);

    /// <summary>Listens on an address of the app's own, such as that of a metrics server or of another protocol: adopts the socket that the
    /// predecessor had there, or opens one, and hands it over at the next reload. Ips accepts nothing from it; the app does, with
    /// <see cref="IIpsListener.AcceptAsync"/>. Both generations may accept during a reload: an app that must not, accepts between
    /// <see cref="OnPromoted"/> and <see cref="OnDraining"/>, and connections wait meanwhile.</summary>
    /// <param name="endPoint">A TCP address, or the path of a Unix socket. As it is asked for, it names the socket: the next release asks
    /// for the same.</param>
    /// <param name="backlog">Length of the kernel's queue of connections that wait; null for <c>Ips:Listener:Backlog</c>, 512 by
    /// default.</param>
    /// <param name="cancellationToken">Ends the wait for the socket.</param>
    /// <returns>The listener. Where Ips does nothing it is a plain one.</returns>
    /// <remarks>Call it while the app starts, in <c>StartAsync</c> of a hosted service: what a successor has not asked for when it is
    /// promoted is closed.</remarks>
    /// <exception cref="InvalidOperationException">The host has not started yet.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be listened on, such as one that another process
    /// has.</exception>
    Task<IIpsListener> ListenAsync(EndPoint endPoint, int? backlog = null, CancellationToken cancellationToken = default);

    /// <summary>Passes a fact to the successors of this generation, such as which database it has open. A successor reads it from
    /// <see cref="IpsHostingExtensions.IpsStart"/> before it opens its own. A second call with the same name replaces the value. A reload
    /// with <c>ips reload --accept-store</c> omits the fact <c>store</c>.</summary>
    /// <param name="name">1 to 100 characters. At most 16 facts are kept.</param>
    /// <param name="value">At most 1,000 characters. Not a secret: a process that takes the service over can read it.</param>
    /// <exception cref="ArgumentException">A limit is exceeded.</exception>
    void TellSuccessor(string name, string value);
}
