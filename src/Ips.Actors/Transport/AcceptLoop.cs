using System.Net;
using Ips.Actors.Posix;

namespace Ips.Actors.Transport;

/// <summary>Accepts connections of all listening sockets on one thread, with poll(2) and accept4(2).</summary>
/// <remarks>
/// The sockets are only borrowed: never wrapped in a Socket (docs/pitfalls.md, 1), never in an epoll set (2), never closed here.
/// Each change (<see cref="Add"/>, <see cref="Remove"/>, <see cref="Quiesce"/>, <see cref="Resume"/>) is acknowledged by the thread before
/// the call returns; made from within a callback it returns at once and holds before the next accept. After <see cref="Dispose"/> changes
/// do nothing.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class AcceptLoop : IDisposable
{
    private const int MaxAcceptsPerTurn = 64;
    private const int BackOffMs = 100;
    private const int ReportIntervalMs = 1000;

    private readonly AcceptCall _accept;
    private readonly Action<Exception> _onError;
    private readonly EventFd _wake = new();
    private readonly object _gate = new(); // a monitor, for Wait and PulseAll
    private readonly Dictionary<int, Listener> _listeners = [];
    private readonly Thread _thread;
    private long _version = 1; // of what is wanted; the thread follows
    private long _appliedVersion;
    private bool _quiesced;
    private bool _disposed;
    private long _backOffUntilMs;
    private long _reportAgainAtMs;

    /// <summary>Accepts one connection; gives its descriptor and who connects, or -1 and the errno.</summary>
    internal delegate int AcceptCall(int listenFd, out IPEndPoint? peer, out int errno);

    /// <summary>Starts the thread, with no listener.</summary>
    /// <param name="onError">Called on a failure to accept, on the loop's thread. Lack of descriptors or memory: the loop accepts again
    /// after 100 ms and calls once a second at most. A broken listener: called once, and the loop no longer accepts from it. An exception
    /// thrown by <c>onAccepted</c>: called each time.</param>
    /// <param name="accept">The call that accepts; null for accept4(2). For tests: a .NET process that really has no descriptor left may
    /// not even start a thread.</param>
    internal AcceptLoop(Action<Exception> onError, AcceptCall? accept = null)
    {
        (_onError, _accept) = (onError, accept ?? ListeningSockets.AcceptFrom);
        _thread = new Thread(Run) { IsBackground = true, Name = "ips-accept" };
        _thread.Start();
    }

    /// <summary>Accepts from a listening, non-blocking socket too.</summary>
    /// <param name="id">Names the listener.</param>
    /// <param name="listenFd">Its socket.</param>
    /// <param name="onAccepted">Takes an accepted socket (non-blocking, FD_CLOEXEC), which it owns from then on, and the address of who
    /// connects, over IP. Called on the loop's thread; must neither wait nor throw.</param>
    /// <exception cref="ArgumentException">The id is in use.</exception>
    internal void Add(int id, int listenFd, Action<int, IPEndPoint?> onAccepted) =>
        Change(() => _listeners.Add(id, new Listener(id, listenFd, onAccepted)));

    /// <summary>No longer accepts from a listener; when it returns the descriptor may be closed. An unknown id is fine.</summary>
    internal void Remove(int id) => Change(() => _listeners.Remove(id));

    /// <summary>Stops accepting; when it returns the loop accepts nothing more, and every callback has returned. New connections wait in
    /// the kernel's queue.</summary>
    internal void Quiesce() => Change(() => _quiesced = true);

    /// <summary>Accepts again.</summary>
    internal void Resume() => Change(() => _quiesced = false);

    /// <summary>Ends the thread. The listening sockets stay open.</summary>
    public void Dispose()
    {
        Change(() => _disposed = true);
        if (Thread.CurrentThread != _thread) _thread.Join();
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                change();
                _version++;
                _wake.Set();
            }

            if (Thread.CurrentThread == _thread) return;
            var wanted = _version;
            while (_appliedVersion < wanted) Monitor.Wait(_gate);
        }
    }

    private void Run()
    {
        Listener[] listeners = [];
        PollEntry[] entries = [];
        var version = 0L;
        while (TryFollow(ref listeners, ref entries, ref version))
        {
            // The last entry is the eventfd. While backing off, listeners with waiting connections would end the poll at once: leave them
            // out.
            var backOffMs = (int)Math.Clamp(_backOffUntilMs - Environment.TickCount64, 0, BackOffMs);
            var polled = backOffMs > 0 ? entries.AsSpan(entries.Length - 1) : entries;
            Poll.Wait(polled, backOffMs > 0 ? backOffMs : -1);
            if (entries[^1].Returned != PollEvents.None) _wake.Clear();
            if (backOffMs > 0) continue;
            for (var i = 0; i < listeners.Length && Volatile.Read(ref _version) == version; i++)
            {
                if (entries[i].Returned != PollEvents.None) AcceptSome(listeners[i], version);
            }
        }

        _wake.Dispose();
    }

    // Takes over what is wanted, and says so to those who wait for it.
    private bool TryFollow(ref Listener[] listeners, ref PollEntry[] entries, ref long version)
    {
        lock (_gate)
        {
            if (version == _version) return true;
            listeners = _quiesced ? [] : [.. _listeners.Values];
            entries = new PollEntry[listeners.Length + 1];
            for (var i = 0; i < listeners.Length; i++) entries[i] = new PollEntry(listeners[i].Fd, PollEvents.Readable);
            entries[^1] = new PollEntry(_wake.Fd, PollEvents.Readable);
            version = _appliedVersion = _version;
            Monitor.PulseAll(_gate);
            return !_disposed;
        }
    }

    private void AcceptSome(Listener listener, long version)
    {
        for (var i = 0; i < MaxAcceptsPerTurn && Volatile.Read(ref _version) == version; i++)
        {
            var fd = _accept(listener.Fd, out var peer, out var errno);
            if (fd >= 0)
            {
                Deliver(listener, fd, peer);
                continue;
            }

            switch (errno)
            {
                case Errno.EAGAIN: // none left, or another generation was faster
                    return;

                // The connection ended while it waited; accept(2) asks to go on as after EAGAIN for errors of the network.
                case Errno.EINTR or Errno.ECONNABORTED or Errno.EPROTO or Errno.EPERM or Errno.ENETDOWN or Errno.ENOPROTOOPT
                    or Errno.EHOSTDOWN
                    or Errno.ENONET or Errno.EHOSTUNREACH or Errno.EOPNOTSUPP or Errno.ENETUNREACH:
                    continue;

                case Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM:
                    BackOff(new PosixException("accept4", errno, $"listener {listener.Id}"));
                    return;

                default: // EBADF, EINVAL, ENOTSOCK: it would fail for ever
                    Change(() => _listeners.Remove(listener.Id));
                    _onError(new PosixException("accept4", errno, $"listener {listener.Id}, which is no longer accepted from"));
                    return;
            }
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
        _backOffUntilMs = now + BackOffMs;
        if (now < _reportAgainAtMs) return;
        _reportAgainAtMs = now + ReportIntervalMs;
        _onError(error);
    }

    private sealed record Listener(int Id, int Fd, Action<int, IPEndPoint?> OnAccepted);
}
