using System.Net;
using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Listener;

/// <summary>Owns the listening sockets: opens, adopts, quiesces, resumes, releases.</summary>
/// <remarks>A restart loses nothing: the sockets and the accept thread live in <see cref="ListenerTable"/>.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class ListenerActor : UntypedActor, IWithStash, IWithTimers
{
    /// <summary>How long an endpoint that was unbound may be bound again on its socket. Kestrel does so when a certificate or its
    /// configuration has changed, and first gives the endpoint's connections 5 s to end.</summary>
    public static readonly TimeSpan RebindTimeout = TimeSpan.FromSeconds(8);

    private readonly ListenerTable _table;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;

    public ListenerActor(ListenerTable table, IActorRef lifecycle, ILogger log)
    {
        (_table, _lifecycle, _log) = (table, lifecycle, log);
    }

    public IStash Stash { get; set; } = null!;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ListenerProtocol.Bind bind: OnBind(bind.EndPoint, () => _table.Bind(bind)); break;
            case ListenerProtocol.Listen listen: OnBind(listen.EndPoint, () => _table.Listen(listen)); break;
            case ListenerProtocol.Unbind unbind: OnUnbind(unbind); break;
            case ListenerProtocol.CheckEndpoints: Sender.Tell(new ListenerProtocol.EndpointsChecked(_table.CheckPassed())); break;
            case ListenerOrder.StartAccepting: OnStartAccepting(); break;
            case ListenerOrder.QuiesceAccepting: OnQuiesce(); break;
            case ListenerOrder.ReleaseListeners releaseListeners: OnRelease(releaseListeners); break;
            case ListenerProtocol.Offer: OnOffer(); break;
            case ListenerProtocol.Adopt adopt: OnAdopt(adopt); break;
            case ListenerOrder.HandoverEnded ended: OnHandoverEnded(ended.IsMain); break;
            case ListenerProtocol.PredecessorEnded: _table.RemoveLeftPaths(); break;
            case NotBoundAgain notBoundAgain: OnNotBoundAgain(notBoundAgain); break;
            case ListenerOrder.RestorePaths: OnRestorePaths(); break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        foreach (var entry in _table.Parked)
        {
            ArmRebindTimer(entry.Key);
        }
    }

    private void OnBind(EndPoint endPoint, Func<(int Id, ListenerTable.Entry Entry, bool Adopted)> bind)
    {
        if (_table.Pinned && !_table.IsParked(endPoint))
        {
            Stash.Stash(); // the successor was told the set of sockets: it changes when the handover has ended
            return;
        }

        try
        {
            var (id, entry, adopted) = bind();
            Timers.Cancel(entry.Key);
            if (adopted && _table.Passed is not null)
            {
                _log.PassedTaken(EndpointKey.Text(entry.EndPoint));
            }
            else if (adopted)
            {
                _log.Adopted(EndpointKey.Text(entry.EndPoint));
            }
            else
            {
                _log.Bound(EndpointKey.Text(entry.EndPoint));
            }

            _table.Supervisor?.SocketsChanged();
            Sender.Tell(new ListenerProtocol.Bound(id, entry.Key, entry.EndPoint));
        }
        catch (Exception e) when (e is PosixException or NotSupportedException or SocketActivationException or UnixAccessException)
        {
            Sender.Tell(new ListenerProtocol.BindFailed(e));
        }
    }

    private void OnUnbind(ListenerProtocol.Unbind unbind)
    {
        // Clients may know of it: it is bound again on the same socket, or closed when that has not happened.
        if (_table.Pinned || _table.HasServed || _table.Entries.Any(entry => entry.Id == unbind.Id && entry.Adopted))
        {
            if (_table.Park(unbind.Id) is { } parked)
            {
                ArmRebindTimer(parked.Key);
            }
        }
        else
        {
            Close(unbind.Id, unlink: true);
            _table.Supervisor?.SocketsChanged();
        }

        Sender.Tell(new ListenerProtocol.Unbound(unbind.Id));
    }

    private void ArmRebindTimer(EndpointKey key) => Timers.StartSingleTimer(key, new NotBoundAgain(key), RebindTimeout);

    private void OnNotBoundAgain(NotBoundAgain overdue)
    {
        if (_table.Pinned)
        {
            ArmRebindTimer(overdue.Key); // the successor was told the set of sockets
        }
        else
        {
            CloseParked(overdue.Key, unlink: _table.Accepting); // who does not serve leaves the path to whoever does
            _table.Supervisor?.SocketsChanged();
        }
    }

    private void OnStartAccepting()
    {
        if (_table.Accepting)
        {
            return;
        }

        _table.StartAccepting(); // first: clients wait for it
        foreach (var key in _table.UnusedOffers)
        {
            _log.OfferUnused(key.ToString());
        }

        _log.AcceptingStarted(_table.Entries.Count(entry => entry.Own is null));
    }

    private void OnQuiesce()
    {
        var was = _table.Accepting;
        _table.Quiesce();
        if (was)
        {
            _log.Quiesced(_table.Entries.Count);
        }
    }

    private void OnRelease(ListenerOrder.ReleaseListeners release)
    {
        _table.CloseUnusedOffers();
        if (!release.HandedOver)
        {
            _table.Supervisor?.Release(); // first: whoever sees this process refuse connections must not meet the parent's copy
        }

        foreach (var id in _table.Entries.Select(entry => entry.Id).ToList())
        {
            Close(id, unlink: !release.HandedOver);
        }

        foreach (var key in _table.Parked.Select(entry => entry.Key).ToList())
        {
            Timers.Cancel(key);
            CloseParked(key, unlink: !release.HandedOver);
        }

        _table.Pinned = false;
        Stash.UnstashAll();
        _lifecycle.Tell(new LifecycleEvent.ListenersReleased());
    }

    private void OnOffer()
    {
        _table.Pinned = true;
        var sockets = new List<OfferedSocket>();
        try
        {
            _table.RememberPaths();
            foreach (var entry in _table.Entries.Concat(_table.Parked))
            {
                sockets.Add(new OfferedSocket(entry.Key.Endpoint, entry.Key.Ordinal, FileDescriptors.DuplicateHigh(entry.Fd),
                    entry.External));
            }

            Sender.Tell(new ListenerProtocol.Offered(sockets));
        }
        catch (PosixException e) // EMFILE: this handover fails, the sockets stay
        {
            sockets.ForEach(socket => FileDescriptors.Close(socket.Fd));
            Sender.Tell(new Status.Failure(e));
        }
    }

    private void OnAdopt(ListenerProtocol.Adopt adopt)
    {
        var delivered = adopt.Connections.Count(_table.TryAdopt);
        var lost = adopt.Connections.Count - delivered;
        if (lost > 0)
        {
            _log.AdoptionFailed(lost);
        }

        Sender.Tell(new ListenerProtocol.Adopted(adopt.Connections.Count, lost));
    }

    private void OnHandoverEnded(bool isMain)
    {
        _table.Pinned = false;
        foreach (var fault in isMain ? _table.TakePossession() : [])
        {
            _log.NotOwned(fault);
        }

        _table.CloseUnusedOffers();
        Stash.UnstashAll();
    }

    private void OnRestorePaths()
    {
        if (_table.Pinned || !_table.Accepting)
        {
            return;
        }

        foreach (var (id, path) in _table.RemovedPaths().ToList())
        {
            try
            {
                _table.RestorePath(id, path);
                _log.PathRestored(path);
                _table.Supervisor?.SocketsChanged();
            }
            catch (Exception e) when (e is IOException or UnixAccessException)
            {
                _log.PathNotRestored(path, e.Message);
            }
        }
    }

    private void Close(int id, bool unlink)
    {
        if (_table.Close(id, unlink) is { } closed)
        {
            _log.Released(EndpointKey.Text(closed.EndPoint));
        }
    }

    private void CloseParked(EndpointKey key, bool unlink)
    {
        if (_table.CloseParked(key, unlink) is { } closed)
        {
            _log.Released(EndpointKey.Text(closed.EndPoint));
        }
    }

    private sealed record NotBoundAgain(EndpointKey Key);
}
