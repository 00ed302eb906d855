using Akka.Actor;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

/// <summary>Owns the app's side of the lifecycle: readiness, health, role, the polite close and the way out of its connections.</summary>
/// <remarks>A restart loses nothing but a check under way, which LifecycleActor asks for again: connections, gate and role outlive it.</remarks>
internal sealed class HttpFrontActor : ReceiveActor
{
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(30);

    private readonly FrontGate _gate;
    private readonly ConnectionRegistry _connections;
    private readonly GenerationRole _role;
    private readonly IHealthProbe _health;
    private readonly IActorRef _mover;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;
    private bool _awaitingEmpty;

    public HttpFrontActor(
        FrontGate gate, ConnectionRegistry connections, GenerationRole role, IHealthProbe health, IActorRef mover, IActorRef lifecycle, ILogger log)
    {
        (_gate, _connections, _role, _health, _mover, _lifecycle, _log) = (gate, connections, role, health, mover, lifecycle, log);
        Receive<HttpFrontProtocol.HostStarted>(_ => OnHostStarted());
        Receive<Readiness>(OnReadiness);
        Receive<HttpFrontProtocol.GetHealth>(_ => OnGetHealth());
        Receive<HealthAsked>(OnHealthAsked);
        Receive<HttpFrontProtocol.FailReadiness>(_ => _gate.Ready = false);
        Receive<HttpFrontProtocol.AnnounceServing>(_ => OnServing());
        Receive<HttpFrontProtocol.TakeRole>(_ => _role.PromoteAsync());
        Receive<HttpFrontProtocol.YieldRole>(_ => _role.DrainAsync().PipeTo(_lifecycle, success: () => new LifecycleEvent.RoleYielded()));
        Receive<HttpFrontProtocol.BeginDrain>(OnBeginDrain);
        Receive<MoverProtocol.Flushed>(_ => OnFlushed());
        Receive<Emptied>(_ => OnEmptied());
        Receive<HttpFrontProtocol.AbortConnections>(_ => OnAbort());
        Receive<HttpFrontProtocol.GetLoad>(_ => Sender.Tell(new HttpFrontProtocol.Load(_connections.Open, _connections.Busy)));
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_gate.HostStarted)
        {
            Self.Tell(new HttpFrontProtocol.HostStarted()); // the check under way was lost with the actor before
        }
    }

    private void OnHostStarted()
    {
        _gate.HostStarted = true;
        CheckAsync().PipeTo(Self, success: reason => new Readiness(reason));
    }

    private void OnGetHealth()
    {
        var replyTo = Sender;
        CheckAsync().PipeTo(Self, success: reason => new HealthAsked(replyTo, reason));
    }

    private async Task<string?> CheckAsync()
    {
        using var deadline = new CancellationTokenSource(HealthTimeout);
        try
        {
            return await _health.CheckAsync(deadline.Token).WaitAsync(HealthTimeout).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            return $"the health checks failed: {e.GetBaseException().Message}"; // the app's own code: any failure is an answer
        }
    }

    private void OnReadiness(Readiness readiness)
    {
        if (readiness.Reason is { } reason)
        {
            _log.FrontFailed(reason);
            _lifecycle.Tell(new LifecycleEvent.FrontFailed(reason));
        }
        else
        {
            _log.FrontReady();
            _lifecycle.Tell(new LifecycleEvent.FrontReady());
        }
    }

    private void OnHealthAsked(HealthAsked asked) => asked.ReplyTo.Tell(
        new HttpFrontProtocol.Health(asked.Reason is null, asked.Reason, _gate.Requests, _gate.Errors));

    private void OnServing()
    {
        _gate.Ready = true;
        _role.ServeAsync();
    }

    private void OnBeginDrain(HttpFrontProtocol.BeginDrain drain)
    {
        _gate.Ready = false;
        if (!_gate.Draining)
        {
            _gate.Moving = drain.Moving; // first, so that no response says close to a connection that can leave
            _gate.Draining = true;
        }

        _role.DrainAsync();
        if (!_awaitingEmpty)
        {
            _awaitingEmpty = true;
            _connections.WhenEmpty().PipeTo(Self, success: () => new Emptied());
        }
    }

    // What moved has left this process, but may be on its way yet.
    private void OnEmptied()
    {
        _awaitingEmpty = false;
        _mover.Tell(new MoverProtocol.Flush());
    }

    private void OnFlushed()
    {
        _log.Drained();
        _lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
    }

    private void OnAbort()
    {
        var open = _connections.Open;
        var cut = _connections.AbortBusy("The drain deadline of this generation has come.");
        if (open > 0)
        {
            _log.Aborted(cut, Math.Max(0, open - cut));
        }

        _lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(cut));
    }

    private sealed record Readiness(string? Reason);

    private sealed record HealthAsked(IActorRef ReplyTo, string? Reason);

    private sealed record Emptied;
}
