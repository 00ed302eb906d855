using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Control;

/// <summary>Answers the control socket, one <see cref="ControlSession"/> a client.</summary>
/// <remarks>A restart ends the sessions of its clients, who see their connection close; the listening socket lives in
/// <see cref="RuntimeFiles"/>.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class ControlActor : UntypedActor
{
    private const int ListenerId = 0;

    private readonly RuntimeFiles _files;
    private readonly ControlSession.Daemon _daemon;
    private readonly ILogger _log;
    private AcceptLoop? _loop;
    private IActorRef? _closing;

    public ControlActor(RuntimeFiles files, ControlSession.Daemon daemon, ILogger log)
    {
        (_files, _daemon, _log) = (files, daemon, log);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClientOrder.Serve:
                _files.ControlServed = true;
                Serve();
                foreach (var late in _files.TakeLateClients()) Self.Tell(new Accepted(late));
                break;
            case ClientOrder.HandedOver:
                StopAccepting();
                _files.CloseControl();
                foreach (var session in Context.GetChildren()) session.Tell(new ControlSession.HandedOver());
                break;
            case Accepted accepted:
                Context.Watch(Context.ActorOf(ActorProps.Of(() => new ControlSession(accepted.Fd, _daemon, _log))));
                break;
            case Terminated: ReplyIfClosed(); break;
            case ClientOrder.Close:
                StopAccepting();
                _closing = Sender;
                foreach (var session in Context.GetChildren())
                {
                    session.Tell(new ControlSession.Finish());
                }

                ReplyIfClosed();
                break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        if (_files.ControlServed)
        {
            Serve();
        }
    }

    protected override void PostStop() => StopAccepting();

    // A restarted session would be made from a descriptor number that is closed by then, or another's.
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void Serve()
    {
        if (_files.ControlFd is not { } fd) return;
        if (_loop is null)
        {
            var log = _log;
            _loop = new AcceptLoop(error => log.AcceptFailed(error.Message));
        }

        // Again, as the number may name another socket since.
        _loop.Remove(ListenerId);
        var self = Self;
        _loop.Add(ListenerId, fd, (client, _) => self.Tell(new Accepted(client)));
    }

    private void StopAccepting()
    {
        _loop?.Dispose();
        _loop = null;
    }

    private void ReplyIfClosed()
    {
        if (_closing is { } closing && !Context.GetChildren().Any())
        {
            closing.Tell(new ClientOrder.Closed());
        }
    }

    /// <summary>A client's descriptor; the session owns it. In dead letters it closes with the process.</summary>
    private sealed record Accepted(int Fd);
}

internal static partial class ControlLog
{
    [LoggerMessage(EventIds.ControlRequested, LogLevel.Debug, "PID {Pid} (user {User}) asks for {Verb}.")]
    public static partial void Requested(this ILogger logger, int pid, int user, string verb);

    [LoggerMessage(EventIds.ControlFailed, LogLevel.Debug, "A client of the control socket disconnected: {Reason}")]
    public static partial void ClientGone(this ILogger logger, string reason);

    [LoggerMessage(EventIds.ControlDenied, LogLevel.Warning,
        "PID {Pid} (user {User}) may not use the control socket; only root and the daemon's user may.")]
    public static partial void Denied(this ILogger logger, int pid, int user);

    [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "The control socket could not accept a client: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);
}
