using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Hosting;
using Ips.Actors.Posix;
using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Transport;

/// <summary>A listening socket that the app accepts from, one connection for each call, and that is handed over with Kestrel's.</summary>
/// <remarks>The owner of the listening sockets opens and closes the descriptor. No Socket wraps it (docs/pitfalls.md, 1 and 2).</remarks>
[SupportedOSPlatform("linux")]
internal sealed class OwnListener : IIpsListener
{
    private static readonly TimeSpan BindTimeout = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly AcceptLoop _loop;
    private readonly IActorRef _owner;
    private ListenerProtocol.Bound? _bound;
    private AcceptedSockets? _sockets;
    private TaskCompletionSource<Arrival>? _waiting;
    private bool _closed;

    private OwnListener(IActorRef owner, Action<Exception> onError)
    {
        (_owner, _loop) = (owner, new AcceptLoop(onError));
        _loop.Quiesce();
    }

    public EndPoint EndPoint => Bound.EndPoint;

    private ListenerProtocol.Bound Bound => _bound ?? throw new InvalidOperationException("The listener is not bound.");

    /// <summary>Adopts the predecessor's socket for an endpoint, or opens one.</summary>
    /// <param name="actors">The actors; null before they are started.</param>
    /// <param name="endPoint">Where.</param>
    /// <param name="backlog">Length of the kernel's queue; null for that of the other endpoints.</param>
    /// <param name="onError">Gets what goes wrong on the accept thread.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IIpsListener> OpenAsync(
        ActorRegistry? actors, EndPoint endPoint, int? backlog, Action<Exception> onError, CancellationToken cancellationToken)
    {
        if (actors is null)
            throw new InvalidOperationException(
                "IIpsGeneration.ListenAsync() was called before the host started: call it in StartAsync of a hosted service, or later.");
        var owner = await ListenerProtocol.OwnerAsync(actors, cancellationToken).ConfigureAwait(false);
        var listener = new OwnListener(owner, onError);
        try
        {
            ListenerProtocol.Check(await owner.Ask<object>(
                new ListenerProtocol.Listen(endPoint, backlog, listener), BindTimeout, cancellationToken).ConfigureAwait(false));
            return listener;
        }
        catch (PosixException e)
        {
            listener.Dispose();
            throw e.ToSocketException();
        }
        catch
        {
            listener.Dispose(); // also of a socket that comes after this wait was cancelled
            throw;
        }
    }

    /// <summary>The socket is there. Called by its owner.</summary>
    public void Attach(ListenerProtocol.Bound bound, int fd)
    {
        lock (_gate)
        {
            (_bound, _sockets) = (bound, AcceptedSockets.Of(fd));
            if (_closed) _owner.Tell(new ListenerProtocol.Unbind(bound.Id));
            else _loop.Add(bound.Id, fd, OnAccepted);
        }
    }

    public async ValueTask<Socket?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var waiting = new TaskCompletionSource<Arrival>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_closed) return null;
                _waiting = waiting;
            }

            _loop.Resume();
            var arrival = await WaitAsync(waiting, cancellationToken).ConfigureAwait(false);
            if (arrival.Fd >= 0) return Open(arrival);
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Accepts nothing more: when it returns the descriptor may be closed.</summary>
    public void Close()
    {
        lock (_gate) _closed = true;
        _loop.Dispose();
        _waiting?.TrySetResult(Arrival.None);
    }

    public void Dispose()
    {
        Close();
        if (_bound is { } bound) _owner.Tell(new ListenerProtocol.Unbind(bound.Id));
    }

    private async Task<Arrival> WaitAsync(TaskCompletionSource<Arrival> waiting, CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(_ => Cancel(waiting), null).ConfigureAwait(false))
        {
            return await waiting.Task.ConfigureAwait(false);
        }
    }

    // In this order: once the loop is quiet, what it has accepted is in the task already.
    private void Cancel(TaskCompletionSource<Arrival> waiting)
    {
        _loop.Quiesce();
        waiting.TrySetResult(Arrival.None);
    }

    // On the loop's thread: quiet from here on, so one connection for each wait.
    private void OnAccepted(int fd, IPEndPoint? peer)
    {
        _loop.Quiesce();
        if (_waiting?.TrySetResult(new Arrival(fd, peer)) != true) FileDescriptors.Close(fd);
    }

    private Socket Open(Arrival arrival)
    {
        FileDescriptors.SetBlocking(arrival.Fd); // as Socket takes it to be, until a call says otherwise
        return _sockets!.Open(arrival.Fd, arrival.Peer);
    }

    private readonly record struct Arrival(int Fd, IPEndPoint? Peer)
    {
        public static readonly Arrival None = new(-1, null);
    }
}
