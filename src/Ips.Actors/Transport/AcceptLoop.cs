using System.Diagnostics.CodeAnalysis;
using System.Net;
using Ips.Actors.Posix;

namespace Ips.Actors.Transport;

/// <summary>Accepts connections of all listening sockets, by accept4(2): on a thread that waits for them, or, where a listener has a reader
/// that takes them one after the other, on the reader's (<see cref="Accept"/>).</summary>
/// <remarks>
/// The sockets are only borrowed: never wrapped in a Socket (docs/pitfalls.md, 1), in an epoll set of this class alone and out of it before
/// a change returns that says so (2), never closed here.
/// Each accept, with its callback, holds the gate that each change (<see cref="Add"/>, <see cref="Remove"/>, <see cref="Quiesce"/>,
/// <see cref="Resume"/>) takes: a change holds when the call returns, and from within a callback before the next accept. After
/// <see cref="Dispose"/> changes do nothing.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class AcceptLoop : IDisposable
{
    private const int MaxAcceptsPerTurn = 64;
    private const int BackOffMs = 100;
    private const int ReportIntervalMs = 1000;
    private const int WakeId = int.MinValue;

    private readonly AcceptCall _accept;
    private readonly Action<Exception> _onError;
    private readonly EventFd _wake = new();
    private readonly EpollSet _ready = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Listener> _listeners = [];
    private readonly Thread _thread;
    private bool _quiesced;
    private bool _disposed;
    private bool _backedOff;
    private long _backOffUntilMs;
    private long _reportAgainAtMs;

    /// <summary>Accepts one connection; gives its descriptor and who connects, or -1 and the errno.</summary>
    internal delegate int AcceptCall(int listenFd, out IPEndPoint? peer, out int errno);

    /// <summary>Starts the thread, with no listener.</summary>
    /// <param name="onError">Called on a failure to accept, on the thread that accepts. Lack of descriptors or memory: the loop accepts
    /// again after 100 ms and calls once a second at most. A broken listener: called once, and the loop no longer accepts from it. An
    /// exception thrown by <c>onAccepted</c>: called each time.</param>
    /// <param name="accept">The call that accepts; null for accept4(2). For tests: a .NET process that really has no descriptor left may
    /// not even start a thread.</param>
    internal AcceptLoop(Action<Exception> onError, AcceptCall? accept = null)
    {
        (_onError, _accept) = (onError, accept ?? ListeningSockets.AcceptFrom);
        _ready.Add(_wake.Fd, WakeId, once: false);
        _thread = new Thread(Run) { IsBackground = true, Name = "ips-accept" };
        _thread.Start();
    }

    /// <summary>Accepts from a listening, non-blocking socket too.</summary>
    /// <param name="id">Names the listener.</param>
    /// <param name="listenFd">Its socket.</param>
    /// <param name="onAccepted">Takes an accepted socket (non-blocking, FD_CLOEXEC), which it owns from then on, and the address of who
    /// connects, over IP. Called on the loop's thread, or from <see cref="Accept"/>; must neither wait nor throw.</param>
    /// <param name="onReadable">Null: the loop's thread accepts. Otherwise it only says by this that somebody connects, and then nothing
    /// until <see cref="Accept"/> has found nobody any more. Must neither wait nor throw.</param>
    /// <exception cref="ArgumentException">The id is in use.</exception>
    /// <exception cref="PosixException">The socket cannot be waited for.</exception>
    internal void Add(int id, int listenFd, Action<int, IPEndPoint?> onAccepted, Action? onReadable = null) =>
        Change(() =>
        {
            var listener = new Listener(id, listenFd, onAccepted, onReadable);
            _listeners.Add(id, listener);
            try
            {
                if (!_quiesced) Watch(listener);
            }
            catch (PosixException)
            {
                _listeners.Remove(id);
                throw;
            }
        });

    /// <summary>No longer accepts from a listener; when it returns the descriptor may be closed. An unknown id is fine.</summary>
    internal void Remove(int id) => Change(() => Drop(id));

    /// <summary>Stops accepting; when it returns the loop accepts nothing more, and every callback has returned. New connections wait in
    /// the kernel's queue.</summary>
    internal void Quiesce() => Change(() =>
    {
        if (_quiesced) return;
        _quiesced = true;
        foreach (var listener in _listeners.Values) _ready.Remove(listener.Fd);
    });

    /// <summary>Accepts again.</summary>
    internal void Resume() => Change(() =>
    {
        if (!_quiesced) return;
        _quiesced = false;
        foreach (var listener in _listeners.Values) Watch(listener);
    });

    /// <summary>Accepts one connection of a listener that has a reader, and calls its <c>onAccepted</c>. For the reader, after
    /// <c>onReadable</c>, until it gives false.</summary>
    /// <param name="id">The listener.</param>
    /// <param name="wait">Whether <c>onReadable</c> says when to call again if nobody waits. Else the caller looks again itself.</param>
    /// <returns>False if nobody waits, or nothing may be accepted now.</returns>
    internal bool Accept(int id, bool wait = true)
    {
        lock (_gate)
        {
            for (var i = 0; i < MaxAcceptsPerTurn; i++)
            {
                // Whoever resumes, or ends the back-off, has it watched again.
                if (!MayAccept(id, out var listener)) return false;
                switch (AcceptOne(listener))
                {
                    case Outcome.Accepted: return true;
                    case Outcome.Nobody:
                        if (wait) _ready.AddAgain(listener.Fd, id);
                        return false;
                    case Outcome.Failed: return false;
                    default: break;
                }
            }
            return true; // many have gone while they waited
        }
    }

    /// <summary>Ends the thread. The listening sockets stay open.</summary>
    public void Dispose()
    {
        Change(() =>
        {
            _disposed = true;
            _wake.Set();
        });
        if (Thread.CurrentThread != _thread) _thread.Join();
    }

    private int BackOffLeftMs => (int)Math.Clamp(_backOffUntilMs - Environment.TickCount64, 0, BackOffMs);

    private void Change(Action change)
    {
        lock (_gate)
        {
            if (!_disposed) change();
        }
    }

    private void Watch(Listener listener) => _ready.Add(listener.Fd, listener.Id, once: listener.OnReadable is not null);

    private void Drop(int id)
    {
        if (_listeners.Remove(id, out var listener)) _ready.Remove(listener.Fd);
    }

    private void Run()
    {
        Span<PollEntry> wake = [new PollEntry(_wake.Fd, PollEvents.Readable)];
        while (TryGoOn(out var backOffMs))
        {
            if (backOffMs > 0)
            {
                // Listeners with waiting connections would end the other wait at once.
                if (Poll.Wait(wake, backOffMs) > 0) _wake.Clear();
                continue;
            }

            var ready = _ready.Wait();
            for (var i = 0; i < ready; i++)
            {
                if (_ready.Id(i) == WakeId) _wake.Clear();
                else Serve(_ready.Id(i));
            }
        }

        _ready.Dispose();
        _wake.Dispose();
    }

    private bool TryGoOn(out int backOffMs)
    {
        lock (_gate)
        {
            backOffMs = BackOffLeftMs;
            if (_backedOff && backOffMs == 0)
            {
                _backedOff = false;
                foreach (var listener in _quiesced ? [] : _listeners.Values.Where(listener => listener.OnReadable is not null))
                    _ready.AddAgain(listener.Fd, listener.Id);
            }
            return !_disposed;
        }
    }

    private void Serve(int id)
    {
        for (var i = 0; i < MaxAcceptsPerTurn; i++)
        {
            lock (_gate)
            {
                if (!MayAccept(id, out var listener)) return;
                if (listener.OnReadable is not null)
                {
                    listener.OnReadable();
                    return;
                }
                if (AcceptOne(listener) is Outcome.Nobody or Outcome.Failed) return;
            }
        }
    }

    private bool MayAccept(int id, [NotNullWhen(true)] out Listener? listener)
    {
        listener = null;
        return !_quiesced && !_disposed && BackOffLeftMs == 0 && _listeners.TryGetValue(id, out listener);
    }

    private Outcome AcceptOne(Listener listener)
    {
        var fd = _accept(listener.Fd, out var peer, out var errno);
        if (fd >= 0)
        {
            Deliver(listener, fd, peer);
            return Outcome.Accepted;
        }

        switch (errno)
        {
            case Errno.EAGAIN: // none left, or another generation was faster
                return Outcome.Nobody;

            // The connection ended while it waited; accept(2) asks to go on as after EAGAIN for errors of the network.
            case Errno.EINTR or Errno.ECONNABORTED or Errno.EPROTO or Errno.EPERM or Errno.ENETDOWN or Errno.ENOPROTOOPT
                or Errno.EHOSTDOWN
                or Errno.ENONET or Errno.EHOSTUNREACH or Errno.EOPNOTSUPP or Errno.ENETUNREACH:
                return Outcome.Lost;

            case Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM:
                BackOff(new PosixException("accept4", errno, $"listener {listener.Id}"));
                return Outcome.Failed;

            default: // EBADF, EINVAL, ENOTSOCK: it would fail for ever
                Drop(listener.Id);
                _onError(new PosixException("accept4", errno, $"listener {listener.Id}, which is no longer accepted from"));
                return Outcome.Failed;
        }
    }

    private void Deliver(Listener listener, int fd, IPEndPoint? peer)
    {
        try
        {
            listener.OnAccepted(fd, peer);
        }
#pragma warning disable CA1031 // one connection's failure must not end accepting
        catch (Exception e)
#pragma warning restore CA1031
        {
            _onError(e);
        }
    }

    private void BackOff(PosixException error)
    {
        var now = Environment.TickCount64;
        (_backOffUntilMs, _backedOff) = (now + BackOffMs, true);
        _wake.Set(); // the thread ends it
        if (now < _reportAgainAtMs) return;
        _reportAgainAtMs = now + ReportIntervalMs;
        _onError(error);
    }

    private enum Outcome
    {
        Accepted,
        Nobody,
        Lost,
        Failed,
    }

    private sealed record Listener(int Id, int Fd, Action<int, IPEndPoint?> OnAccepted, Action? OnReadable);
}
