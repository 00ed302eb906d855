namespace Microsoft.Extensions.Hosting;

/// <summary>
/// This process among the generations of its service, for code that must not run in two of them at once: timers, queue consumers.
/// A singleton in the app's services once <c>AddIps()</c> was called.
/// </summary>
/// <remarks>
/// Order over a life: <see cref="OnServing"/>, <see cref="OnPromoted"/>, <see cref="OnDraining"/>, <see cref="OnReleasing"/>. A successor serves requests while
/// its predecessor is still primary; the predecessor's <see cref="OnDraining"/> handlers have ended before the successor's
/// <see cref="OnPromoted"/> handlers run. After a rollback a predecessor that had begun to drain is promoted again.
/// </remarks>
public interface IIpsGeneration
{
    /// <summary>The generation, counted from 1.</summary>
    int Number { get; }

    /// <summary>True in at most one generation at a time: from just before <see cref="OnPromoted"/> to just before <see cref="OnDraining"/>.</summary>
    bool IsPrimary { get; }

    /// <summary>Calls <paramref name="handler"/> when this generation begins to accept connections. Disposing the result ends that.</summary>
    IDisposable OnServing(Func<CancellationToken, Task> handler);

    /// <summary>Calls <paramref name="handler"/> when this generation becomes primary. Disposing the result ends that.</summary>
    IDisposable OnPromoted(Func<CancellationToken, Task> handler);

    /// <summary>Calls <paramref name="handler"/> when this generation stops being primary; the successor is promoted after it has
    /// ended, or after 10 s, when its token is cancelled. Disposing the result ends that.</summary>
    IDisposable OnDraining(Func<CancellationToken, Task> handler);

    /// <summary>Calls <paramref name="handler"/> when the last request has been answered and Kestrel has stopped, just before the process
    /// ends: the place to release pools. It gets 10 s. Disposing the result ends that.</summary>
    IDisposable OnReleasing(Func<CancellationToken, Task> handler);

    /// <summary>Keeps a fact for the successors of this generation, such as which database it has open: a successor finds it by
    /// <see cref="IpsHostingExtensions.IpsStart"/> before it opens its own. Said again, the newest value counts. A reload by
    /// <c>ips reload --accept-store</c> leaves the fact <c>store</c> out.</summary>
    /// <param name="name">1 to 100 characters. At most 16 facts are kept.</param>
    /// <param name="value">At most 1,000 characters. No secret: it is not kept from whoever may take the service over.</param>
    /// <exception cref="ArgumentException">A limit is exceeded.</exception>
    void TellSuccessor(string name, string value);
}
