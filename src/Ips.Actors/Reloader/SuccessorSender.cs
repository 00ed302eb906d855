using Ips.Actors.Configuration;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.SuccessorEffect;

namespace Ips.Actors.Reloader;

/// <summary>Sends the successor what <see cref="SuccessorMachine"/> decides to tell it, with the descriptors that ride along.</summary>
/// <param name="slot">The successor.</param>
/// <param name="files">What it gets to be the main process.</param>
/// <param name="options">The health interval.</param>
/// <param name="log">For how it is ended.</param>
[SupportedOSPlatform("linux")]
internal sealed class SuccessorSender(SuccessorSlot slot, RuntimeFiles files, IpsOptions options, ILogger log)
{
    private const int ReceiptsInAPacket = 8;

    private ISpawnedGeneration Process => slot.Process!; // these effects are of states that have one

    /// <summary>Sends it.</summary>
    /// <returns>What came of that, if it is to be decided upon.</returns>
    public SuccessorEvent? Send(ToSuccessor effect)
    {
        switch (effect)
        {
            case SendWelcome welcome: return Welcome(welcome.Facts);
            case SuccessorEffect.Send { Frame: ServeFrame serve }:
                if (!serve.Canary) slot.Judge?.End(); // nothing would be compared
                Process.Channel.TrySend(serve with { Windows = serve.Canary ? slot.Judge?.Ask() : null });
                break;
            case SuccessorEffect.Send send: Process.Channel.TrySend(send.Frame); break;
            case SendHistory history: Remind(history.Receipts); break;
            case SendIdentity: HandIdentityOver(); break;
            case SendPromotion: Promote(); break;
            case SendLeft when slot.Courier is { HasSentAll: true }: // said again if decided again: it costs nothing
                Process.Channel.TrySend(new LeftFrame());
                break;
            case SendStop stop: return Stop(stop.Frame);
            case Signal signal: Kill(signal.Number); break;
            case UnlimitOutput: Process.Output?.Limit(false); break;
        }

        return null;
    }

    private SuccessorEvent.Faulted? Welcome(SuccessorFacts facts)
    {
        var (sockets, isLate) = (slot.Sockets, SuccessorMachine.IdentityIsLate(facts));
        try
        {
            var (given, identityFds) = isLate ? (new IdentityFrame(false, false), []) : GiveIdentity();
            List<int> fds = [.. sockets.Select(socket => socket.Fd), .. identityFds];
            if (fds.Count > FdPassing.MaxDescriptors)
            {
                throw new IOException($"they are {sockets.Count}, and {FdPassing.MaxDescriptors - identityFds.Count} fit the packet that "
                    + "hands them over; listen on fewer addresses (ips.urls)");
            }

            Process.Channel.TrySend(
                new WelcomeFrame(
                    facts.Version, slot.Generation, [.. sockets.Select(s => new EndpointOffer(s.Endpoint, s.Ordinal, s.External))],
                    given.Lock, given.Control, (long)options.Reload.HealthInterval.TotalMilliseconds,
                    OlderGenerations.WithSelf(slot.Older.Alive(), slot.Generation - 1), slot.Paused(),
                    isLate ? files.LockEntry() : null, AppFacts(facts.Order.Terms), Judges: true,
                    Excused: Excused(facts.Order.Terms), PidFile: files.PidFile ?? "",
                    TraceParent: facts.Order.TraceParent, Tunnels: slot.TakesTunnels && facts.Version >= HandoverVersion.Upgrades),
                [.. fds]);
        }
        catch (IOException e) // EMFILE, or too many to hand over
        {
            return new SuccessorEvent.Faulted($"the listening sockets could not be handed over: {e.Message}");
        }

        if (facts.Version != HandoverVersion.AheadOfHello)
        {
            slot.CloseSockets();
        }

        return null;
    }

    // What the operator has accepted is not told: so any release, whatever it knows of that, has nothing to compare.
    private Dictionary<string, string>? AppFacts(ReloadTerms? terms)
    {
        var facts = slot.Facts().Where(fact => terms?.Accept.Contains(fact.Key) != true).ToDictionary(StringComparer.Ordinal);
        return facts.Count > 0 ? facts : null;
    }

    private List<string>? Excused(ReloadTerms? terms)
    {
        var failing = slot.HealthAtOffer.FailingForJudge?.Keys ?? [];
        var names = failing.Concat(terms?.IgnoreChecks ?? []).Where(name => name.Length is > 0 and <= FrameRules.MaxNameLength)
            .Distinct().Take(FrameRules.MaxChecks).ToList();
        return names.Count > 0 ? names : null;
    }

    private (IdentityFrame Frame, IReadOnlyList<int> Fds) GiveIdentity()
    {
        if (Process is ITakeoverProcess)
        {
            files.Lent = true;
        }

        var (lockFd, controlFd) = (files.LockFd, files.ControlFd);
        return (new IdentityFrame(lockFd is not null, controlFd is not null), [.. ((int?[])[lockFd, controlFd]).OfType<int>()]);
    }

    private void HandIdentityOver()
    {
        var (frame, fds) = GiveIdentity();
        Process.Channel.TrySend(frame, [.. fds]);
    }

    // What it writes is its own from here on; before, it came through us.
    private void Promote()
    {
        Process.LetGo();
        var pending = Process.Output?.HandOver();
        Process.Channel.TrySend(new PromoteFrame(
            NullIfEmpty(pending?.Output), NullIfEmpty(pending?.Error), slot.Meter?.Counts.ToSend()));

        static byte[]? NullIfEmpty(byte[]? bytes) => bytes is { Length: > 0 } ? bytes : null;
    }

    private void Remind(IReadOnlyList<ReloadReceipt> receipts)
    {
        foreach (var batch in receipts.Select(ReloadHistory.Pack).Chunk(ReceiptsInAPacket))
        {
            Process.Channel.TrySend(new HistoryFrame(batch));
        }
    }

    private SuccessorEvent.StopUnheard? Stop(StopFrame stop)
    {
        Process.Output?.Limit(true);
        log.Ending(slot.Generation, Process.Pid, "stop", stop.Reason);
        return Process.Channel.TrySend(stop) ? null : new SuccessorEvent.StopUnheard();
    }

    private void Kill(int number)
    {
        log.Ending(slot.Generation, Process.Pid, SignalNumbers.Name(number), "it has not ended by itself");
        Process.Signal(number);
    }
}
