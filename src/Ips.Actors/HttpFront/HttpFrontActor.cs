using Akka.Actor;
using Ips.Actors.Control;
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
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;
    private bool _awaitingEmpty;
    private int _openAtDrain;
    private long _requestsAtDrain;

    public HttpFrontActor(
        FrontGate gate, ConnectionRegistry connections, GenerationRole role, IHealthProbe health, IActorRef lifecycle, ILogger log)
    {
        (_gate, _connections, _role, _health, _lifecycle, _log) = (gate, connections, role, health, lifecycle, log);
        Receive<HttpFrontProtocol.HostStarted>(_ => OnHostStarted());
        Receive<Readiness>(OnReadiness);
        Receive<HttpFrontProtocol.GetHealth>(_ => OnGetHealth());
        Receive<HealthAsked>(OnHealthAsked);
        Receive<HttpFrontProtocol.FailReadiness>(_ => _gate.Ready = false);
        Receive<HttpFrontProtocol.AnnounceServing>(_ => OnServing());
        Receive<HttpFrontProtocol.TakeRole>(_ => _role.PromoteAsync());
        Receive<HttpFrontProtocol.YieldRole>(_ => _role.DrainAsync().PipeTo(_lifecycle, success: Yielded));
        Receive<HttpFrontProtocol.BeginDrain>(_ => OnBeginDrain());
        Receive<Emptied>(_ => OnEmptied());
        Receive<HttpFrontProtocol.AbortConnections>(_ => OnAbort());
        Receive<HttpFrontProtocol.GetLoad>(_ => Sender.Tell(new HttpFrontProtocol.Load(_connections.Open, _connections.RunningRequests)));
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

    private LifecycleEvent.RoleYielded Yielded() =>
        new() { Left = new HttpFrontProtocol.Load(_connections.Open, _connections.RunningRequests) };

    private void OnBeginDrain()
    {
        _gate.Ready = false;
        _gate.Draining = true;
        _role.DrainAsync();
        if (!_awaitingEmpty)
        {
            _awaitingEmpty = true;
            (_openAtDrain, _requestsAtDrain) = (_connections.Open, _gate.Requests);
            _connections.WhenEmpty().PipeTo(Self, success: () => new Emptied());
        }
    }

    private void OnEmptied()
    {
        _log.Drained();
        _lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0) { Counts = Count(cut: 0, left: 0) });
    }

    private void OnAbort()
    {
        var open = _connections.Open;
        var cut = _connections.AbortRunning();
        if (open > 0)
        {
            _log.Aborted(cut, Math.Max(0, open - cut));
        }

        _lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(cut) { Counts = Count(cut, open) });
    }

    // Lost in a restart during the drain: then the counts are those since.
    private DrainCounts Count(int cut, int left) => new(
        Math.Max(0, _openAtDrain - left), Math.Max(0, _gate.Requests - _requestsAtDrain), _gate.ClosedPolitely, cut, Math.Max(0, left - cut));

    private sealed record Readiness(string? Reason);

    private sealed record HealthAsked(IActorRef ReplyTo, string? Reason);

    private sealed record Emptied;
}
