using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Takeover;

/// <summary>Answers the processes that connect to take over: judges who they are, and brings those that may before
/// LifecycleActor.</summary>
/// <remarks>A restart loses those that have not been heard yet, who see their connection close; the listening socket lives in
/// <see cref="TakeoverSocket"/>.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class TakeoverActor : UntypedActor
{
    private const int ListenerId = 0;
    private const int MaxUnheard = 8;
    // a runtime that has just started on a busy machine takes seconds
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(30);

    private readonly TakeoverSocket _socket;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;
    private readonly HashSet<TakeoverProcess> _unheard = [];
    private AcceptLoop? _loop;

    public TakeoverActor(TakeoverSocket socket, IActorRef lifecycle, ILogger log)
    {
        (_socket, _lifecycle, _log) = (socket, lifecycle, log);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClientOrder.Serve:
                _socket.Served = true;
                Serve();
                break;
            case ClientOrder.HandedOver: OnHandedOver(); break;
            case Arrived arrived: OnArrived(arrived.Fd, refusal: null); break;
            case Spoke spoke: OnSpoke(spoke); break;
            case Silent silent:
                _unheard.Remove(silent.Candidate);
                _log.Silent(silent.Candidate.Peer.ToString(), silent.Reason);
                silent.Candidate.Dispose();
                break;
            case LifecycleProtocol.TakeOverReply reply:
                if (reply.Refusal is { } refusal) reply.Successor.Refuse(refusal); // LifecycleActor has logged it
                break;
            default: Unhandled(message); break;
        }
    }

    protected override void PreStart()
    {
        if (_socket.Served) Serve();
    }

    protected override void PostStop()
    {
        StopAccepting();
        foreach (var candidate in _unheard) candidate.Dispose();
    }

    private void Serve()
    {
        if (_socket.Fd is not { } fd) return;
        if (_loop is null)
        {
            var log = _log;
            _loop = new AcceptLoop(error => log.AcceptFailed(error.Message));
        }

        // Again, as the number may name another socket since.
        _loop.Remove(ListenerId);
        var self = Self;
        _loop.Add(ListenerId, fd, (accepted, _) => self.Tell(new Arrived(accepted)));
    }

    private void StopAccepting()
    {
        _loop?.Dispose();
        _loop = null;
    }

    // The path is the successor's; who connected before it was waits in our queue.
    private void OnHandedOver()
    {
        StopAccepting();
        if (_socket.Fd is { } fd)
        {
            for (int late; (late = ListeningSockets.Accept(fd, out _)) >= 0;) OnArrived(late,
                "this generation has just handed over; connect again");
        }

        _socket.Close();
    }

    private void OnArrived(int fd, string? refusal)
    {
        if (_unheard.Count >= MaxUnheard)
        {
            _log.AcceptFailed($"{MaxUnheard} others have connected and not said a word");
            FileDescriptors.Close(fd);
            return;
        }

        try
        {
            var candidate = new TakeoverProcess(fd, _log);
            _unheard.Add(candidate);
            candidate.WaitForHelloAsync(HelloTimeout).PipeTo(
                Self,
                success: hello => new Spoke(candidate, hello, refusal),
                failure: error => new Silent(candidate, error.GetBaseException().Message));
        }
        catch (PosixException e)
        {
            _log.AcceptFailed(e.Message);
        }
    }

    private void OnSpoke(Spoke spoke)
    {
        var candidate = spoke.Candidate;
        var peer = candidate.Peer;
        _unheard.Remove(candidate);
        if ((spoke.Refusal ?? TakeoverPolicy.Refusal(peer, (uint)ProcessAttributes.EffectiveUserId, _socket.Group)) is { } refusal)
        {
            _log.Denied(peer.Pid, peer.UserId, peer.GroupId, refusal);
            candidate.Refuse(refusal);
            return;
        }

        _log.Asked(peer.ToString(), spoke.Hello.Release);
        _lifecycle.Tell(new LifecycleProtocol.TakeOver($"PID {candidate.Pid} (uid {peer.UserId})", candidate));
    }

    /// <summary>An accepted descriptor. In dead letters it closes with the process.</summary>
    private sealed record Arrived(int Fd);

    private sealed record Spoke(TakeoverProcess Candidate, HelloFrame Hello, string? Refusal);

    private sealed record Silent(TakeoverProcess Candidate, string Reason);
}

/// <summary>Who may take over. Pure.</summary>
[SupportedOSPlatform("linux")]
internal static class TakeoverPolicy
{
    /// <summary>Why a process may not take over; null if it may.</summary>
    /// <param name="peer">Who asks, as the kernel says.</param>
    /// <param name="ownUser">The user of this service.</param>
    /// <param name="group">The group whose members may; null for none.</param>
    public static string? Refusal(PeerIdentity peer, uint ownUser, uint? group) =>
        peer.UserId == 0 || peer.UserId == ownUser || (group is { } members && (peer.GroupId == members || peer.Groups.Contains(members)))
            ? null
            : $"user {peer.UserId} may not take over: only root, user {ownUser}"
                + (group is { } named ? $" and the members of group {named} (ips.takeover.group) may"
                    : " may (ips.takeover.group names no group)");
}
