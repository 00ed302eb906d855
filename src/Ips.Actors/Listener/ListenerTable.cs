using System.Net;
using System.Net.Sockets;
using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Actors.Listener;

/// <summary>
/// The listening sockets of this generation and the thread that accepts from them. It outlives a restart of
/// <see cref="ListenerActor"/>, its only user.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ListenerTable : IDisposable
{
    private volatile Entry[] _entries = []; // looked at from other threads, and so replaced as a whole
    private readonly Dictionary<EndpointKey, Entry> _parked = [];
    private readonly Dictionary<EndpointKey, OfferedSocket> _offers;
    // kept beyond a release, until Kestrel unbinds
    private readonly Dictionary<EndpointKey, ListenerProtocol.IConnectionTaker> _takers = [];
    private readonly ListenerLoops _loops;
    private readonly Dictionary<EndpointKey, FileStatus> _offered = []; // of Unix paths, as they were when a successor was offered them
    private readonly List<(string Path, FileIdentity File)> _left = []; // of closed Unix sockets, which another generation may listen on
    private readonly int _backlog;
    private readonly UnixAccess? _access;
    private int _lastId;

    /// <param name="offers">Descriptors that the predecessor handed over; owned from here on.</param>
    /// <param name="backlog">Length of the kernel's queue of a socket opened here.</param>
    /// <param name="onError">Gets what goes wrong on the accept thread, at most once a second.</param>
    /// <param name="access">Permissions and owner of the paths of Unix sockets opened here.</param>
    public ListenerTable(IEnumerable<OfferedSocket> offers, int backlog, Action<Exception> onError, UnixAccess? access = null)
    {
        (_backlog, _access) = (backlog, access);
        _offers = offers.ToDictionary(offer => new EndpointKey(offer.Endpoint, offer.Ordinal));
        _loops = new ListenerLoops(onError);
    }

    /// <summary>What the predecessor had configured for the paths of Unix sockets; null for nothing, or if it is not known.</summary>
    public UnixAccess? FormerAccess { get; init; }

    /// <summary>A bound socket.</summary>
    /// <param name="Id">Names it; none is used again.</param>
    /// <param name="Key">What was asked for.</param>
    /// <param name="EndPoint">What the kernel gave.</param>
    /// <param name="Fd">The descriptor; owned by this table.</param>
    /// <param name="File">The file of a Unix socket, to remove no other one at its path.</param>
    /// <param name="External">The service manager opened it: its path is not ours to remove.</param>
    /// <param name="Adopted">Another generation, or the service manager, opened it.</param>
    public sealed record Entry(
        int Id, EndpointKey Key, EndPoint EndPoint, int Fd, FileIdentity? File, bool External = false, bool Adopted = false)
    {
        /// <summary>The app accepts from it; null if this table does.</summary>
        public OwnListener? Own { get; init; }

        /// <summary>Only the main process accepts from it.</summary>
        public bool MainOnly { get; init; }

        /// <summary>Length of the kernel's queue; null for the configured one.</summary>
        public int? Backlog { get; init; }
    }

    /// <summary>Where accepted connections part while a canary serves; null where there is none.</summary>
    public CanaryGate? Canary { get; init; }

    /// <summary>The URLs of the endpoints at which only the main process accepts.</summary>
    public IReadOnlyList<string> MainOnly { get; init; } = [];

    /// <summary>What is bound, in the order of binding.</summary>
    public IReadOnlyList<Entry> Entries => _entries;

    /// <summary>Keys handed over by the predecessor that nobody has asked for.</summary>
    public IEnumerable<EndpointKey> UnusedOffers => _offers.Keys;

    /// <summary>The offers came from the service manager: until <see cref="CheckPassed"/>, each endpoint must have one. Null once that was
    /// checked.</summary>
    public SocketActivation? Passed { get; set; }

    /// <summary>Whether connections are accepted.</summary>
    public bool Accepting { get; private set; }

    /// <summary>The supervisor, which holds copies of the sockets; null if there is none.</summary>
    public SupervisorLink? Supervisor { get; init; }

    /// <summary>Changes of the set wait until a handover has ended.</summary>
    public bool Pinned { get; set; }

    /// <summary>Whether connections were ever accepted here.</summary>
    public bool HasServed { get; private set; }

    /// <summary>Sockets that nobody has bound at present, kept for whoever binds their endpoints again.</summary>
    public IReadOnlyCollection<Entry> Parked => _parked.Values;

    /// <summary>Adopts the predecessor's socket for this endpoint, or opens one.</summary>
    /// <exception cref="PosixException">The kernel refused; <c>EADDRINUSE</c> among others.</exception>
    /// <exception cref="SocketActivationException">The service manager passed sockets, but none for this endpoint.</exception>
    public (int Id, Entry Entry, bool Adopted) Bind(ListenerProtocol.Bind bind)
    {
        var (id, entry, adopted) = Take(bind.EndPoint, own: null);
        bind.Listener.Attach(
            new ListenerProtocol.Bound(id, entry.Key, entry.EndPoint), AcceptedSockets.Of(entry.Fd),
            wait => LoopOf(entry).Accept(id, wait));
        _entries = [.. _entries, entry];
        _takers[entry.Key] = bind.Listener;
        Accept(id, entry, bind.Listener);
        return (id, entry, adopted);
    }

    /// <summary>The same for a socket that the app accepts from: it may be one that the service manager has not passed.</summary>
    /// <exception cref="PosixException">The kernel refused; <c>EADDRINUSE</c> among others.</exception>
    public (int Id, Entry Entry, bool Adopted) Listen(ListenerProtocol.Listen listen)
    {
        var (id, entry, adopted) = Take(listen.EndPoint, listen);
        _entries = [.. _entries, entry];
        listen.Listener.Attach(new ListenerProtocol.Bound(id, entry.Key, entry.EndPoint), entry.Fd);
        return (id, entry, adopted);
    }

    private (int Id, Entry Entry, bool Adopted) Take(EndPoint endPoint, ListenerProtocol.Listen? own)
    {
        var text = EndpointKey.Text(endPoint);
        var key = NextKey(text);
        OfferedSocket? offer = null;
        var parked = _parked.Remove(key, out var kept);
        var adopted = !parked && _offers.Remove(key, out offer);
        var mainOnly = own is null && MainOnlyEndpoints.Names(MainOnly, endPoint);
        // One that is the main process's alone is for those who look at the service: no socket unit need know of it.
        if (!parked && !adopted && own is null && !mainOnly && Passed is not null)
        {
            throw Passed.NotPassed(text);
        }

        var fd = kept?.Fd ?? offer?.Fd ?? Open(endPoint, own?.Backlog ?? _backlog);
        if (adopted)
        {
            ListeningSockets.PrepareAdopted(fd);
            if (offer is { External: false } && PathOf(endPoint) is { } path)
            {
                Inherited()?.Check(path); // it is set when this generation is the main process: a refusal is due before
            }
        }

        var id = ++_lastId;
        var external = kept?.External ?? offer?.External ?? false;
        var entry = endPoint is UnixDomainSocketEndPoint unix
            ? new Entry(id, key, endPoint, fd, FileIdentity.OfSocketPath(unix.ToString()!), external, kept?.Adopted ?? adopted)
            : new Entry(id, key, ListeningSockets.LocalEndPoint(fd), fd, File: null, external, kept?.Adopted ?? adopted);
        return (id, entry with
        {
            Own = own?.Listener,
            Backlog = own?.Backlog,
            MainOnly = mainOnly,
        }, adopted);
    }

    /// <summary>Every endpoint was asked for: is there a passed socket that none of them was?</summary>
    /// <returns>The error that names both sides; null if there is none.</returns>
    public SocketActivationException? CheckPassed()
    {
        if (Passed is not { } passed)
        {
            return null;
        }

        Passed = null; // what Kestrel adds while it runs is opened here
        return _offers.Count == 0 ? null
            : passed.NotAskedFor(_offers.Keys.Select(key => key.Endpoint), _entries.Select(entry => entry.Key.Endpoint));
    }

    /// <summary>A successor is about to be offered the sockets: it may set other permissions, and then not come to stay.</summary>
    public void RememberPaths()
    {
        _offered.Clear();
        foreach (var entry in Own())
        {
            if (PathOf(entry.EndPoint) is { } path
                && FileStatus.Of(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, path) is { } status && status.Identity == entry.File)
            {
                _offered[entry.Key] = status;
            }
        }
    }

    /// <summary>This generation is the main process: the sockets that it has inherited get its own backlog, and their paths its own
    /// permissions; those that a successor was offered, which did not come to stay, get back what they had. The sockets of a service
    /// manager are left as they are.</summary>
    /// <returns>What could not be done, one sentence each.</returns>
    public IReadOnlyList<string> TakePossession()
    {
        List<string> faults = [];
        foreach (var entry in Own())
        {
            try
            {
                // listen(2) again sets it anew
                ListeningSockets.Listen(entry.Fd, entry.Backlog ?? _backlog, EndpointKey.Text(entry.EndPoint));
                if (PathOf(entry.EndPoint) is { } path && entry.File is { } file && FileIdentity.OfSocketPath(path) == file)
                {
                    using var place = GuardedPath.Walk(path, followLast: false);
                    var access = _offered.TryGetValue(entry.Key, out var before) ? UnixAccess.Of(before)
                        : entry.Adopted ? Inherited() : null;
                    access?.Apply(place, file);
                }
            }
            catch (IOException e)
            {
                faults.Add(e.Message);
            }
        }

        return faults;
    }

    /// <summary>Accepts from now on.</summary>
    public void StartAccepting()
    {
        Accepting = HasServed = true;
        _loops.Resume();
    }

    /// <summary>Returns when nothing is accepted any more.</summary>
    public void Quiesce()
    {
        Accepting = false;
        _loops.Quiesce();
    }

    /// <summary>Accepts from the endpoints that are the main process's alone, or returns when it no longer does. By any thread.</summary>
    public void AcceptAsMain(bool accept) => _loops.AcceptAsMain(accept);

    /// <summary>Delivers a connection that moved here.</summary>
    /// <returns>False if its endpoint is not bound here; the descriptor is closed then.</returns>
    public bool TryAdopt(MovedConnection connection)
    {
        if (_takers.TryGetValue(connection.Origin, out var taker))
        {
            taker.Deliver(connection.Fd, connection.Leftover, null, connection.Upgrade);
            return true;
        }

        connection.Close();
        return false;
    }

    /// <summary>Whether the next bind of an endpoint gets a socket that is parked.</summary>
    public bool IsParked(EndPoint endPoint) => _parked.ContainsKey(NextKey(EndpointKey.Text(endPoint)));

    /// <summary>Stops accepting from one socket, and keeps it for the next bind of its endpoint; clients that connect meanwhile wait in
    /// the kernel's queue.</summary>
    public Entry? Park(int id)
    {
        if (Find(id) is not { } entry)
        {
            return null;
        }

        LoopOf(entry).Remove(id);
        _entries = [.. _entries.Where(other => other != entry)];
        _parked[entry.Key] = entry;
        return entry;
    }

    /// <summary>Closes a socket that nobody has bound again. <paramref name="unlink"/> as for <see cref="Close"/>.</summary>
    public Entry? CloseParked(EndpointKey key, bool unlink)
    {
        if (_parked.Remove(key, out var entry))
        {
            CloseSocket(entry, unlink);
        }

        return entry;
    }

    /// <summary>Closes one socket. <paramref name="unlink"/>: its Unix path goes too, if it is still ours.</summary>
    public Entry? Close(int id, bool unlink)
    {
        if (Find(id) is not { } entry)
        {
            return null;
        }

        LoopOf(entry).Remove(id);
        _entries = [.. _entries.Where(other => other != entry)];
        CloseSocket(entry, unlink);
        return entry;
    }

    /// <summary>The sockets opened by this service whose paths are gone: nobody can connect to them.</summary>
    public IEnumerable<(int Id, string Path)> RemovedPaths() =>
        Entries.Where(entry => entry is { External: false, Own: null, EndPoint: UnixDomainSocketEndPoint })
            .Select(entry => (entry.Id, entry.EndPoint.ToString()!))
            .Where(entry => !entry.Item2.StartsWith('@') && FileIdentity.OfPath(entry.Item2) is null);

    /// <summary>Puts a new socket at the path and behind the descriptor's number; who waits in the queue of the old one is
    /// delivered.</summary>
    /// <exception cref="IOException">The path cannot be used.</exception>
    public void RestorePath(int id, string path)
    {
        var entry = Find(id) ?? throw new ArgumentException($"There is no listener {id}.", nameof(id));
        var next = ListeningSockets.OpenUnix(path, _backlog, _access);
        var taker = _takers[entry.Key];
        LoopOf(entry).Remove(id);
        for (int late; (late = ListeningSockets.Accept(entry.Fd, out _)) >= 0;) taker.Deliver(late, default, null);
        FileDescriptors.ReplaceCloseOnExec(entry.Fd, next);
        FileDescriptors.Close(next);
        var restored = entry with { File = FileIdentity.OfSocketPath(path) };
        _entries = [.. _entries.Select(other => other == entry ? restored : other)];
        Accept(id, entry, taker);
    }

    /// <summary>Closes what the predecessor handed over and nobody asked for.</summary>
    public void CloseUnusedOffers()
    {
        foreach (var offer in _offers.Values)
        {
            FileDescriptors.Close(offer.Fd);
            if (!offer.External && offer.Endpoint.StartsWith(EndpointKey.UnixPath, StringComparison.Ordinal)
                && offer.Endpoint[(EndpointKey.UnixPath.Length - 1)..] is var path && FileIdentity.OfSocketPath(path) is { } file)
            {
                Leave(path, file);
            }
        }

        _offers.Clear();
    }

    /// <summary>Removes the paths of Unix sockets that were left to another generation, as far as none listens there: its configuration
    /// names others. Asked again when one more process has closed its copies.</summary>
    public void RemoveLeftPaths()
    {
        lock (_left)
        {
            _left.RemoveAll(left =>
                FileIdentity.OfSocketPath(left.Path) != left.File || ListeningSockets.RemoveStaleUnixSocket(left.Path, left.File));
        }
    }

    public void Dispose() => _loops.Dispose();

    private AcceptLoop LoopOf(Entry entry) => _loops.Of(entry.MainOnly);

    private Entry? Find(int id) => Array.Find(_entries, entry => entry.Id == id);

    private void Accept(int id, Entry entry, ListenerProtocol.IConnectionTaker taker) =>
        LoopOf(entry).Add(id, entry.Fd, (accepted, peer) =>
        {
            if (entry.MainOnly || Canary?.TryPass(entry.Key, accepted, peer) != true) taker.Deliver(accepted, default, peer);
        }, taker.Ready);

    private void CloseSocket(Entry entry, bool unlink)
    {
        entry.Own?.Close();
        var path = entry.External ? null : PathOf(entry.EndPoint);
        if (unlink && path is not null && entry.File is { } file)
        {
            ListeningSockets.UnlinkIfSame(path, file);
        }

        FileDescriptors.Close(entry.Fd);
        if (!unlink && path is not null && entry.File is { } bound)
        {
            Leave(path, bound);
        }
    }

    private void Leave(string path, FileIdentity file)
    {
        lock (_left) _left.Add((path, file));
        RemoveLeftPaths();
    }

    private static string? PathOf(EndPoint endPoint) =>
        endPoint is UnixDomainSocketEndPoint && endPoint.ToString() is ['/', ..] path ? path : null;

    private UnixAccess? Inherited() => UnixAccess.Succeeding(_access, FormerAccess, ProcessAttributes.Umask);

    private IEnumerable<Entry> Own() => _entries.Concat(_parked.Values).Where(entry => !entry.External);

    private EndpointKey NextKey(string text)
    {
        var key = new EndpointKey(text, 0);
        while (Array.Exists(_entries, entry => entry.Key == key)) key = key with { Ordinal = key.Ordinal + 1 };
        return key;
    }

    private int Open(EndPoint endPoint, int backlog)
    {
        if (endPoint is not UnixDomainSocketEndPoint unix)
        {
            return ListeningSockets.OpenTcp((IPEndPoint)endPoint, backlog, out _);
        }

        // A generation that was killed leaves its path behind, and nobody could ever listen there again. We hold the lock of the PID file.
        var path = unix.ToString()!;
        ListeningSockets.RemoveStaleUnixSocket(path);
        return ListeningSockets.OpenUnix(path, backlog, _access);
    }
}
