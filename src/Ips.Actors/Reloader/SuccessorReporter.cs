using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.SuccessorEffect;

namespace Ips.Actors.Reloader;

/// <summary>Tells LifecycleActor and the log what <see cref="SuccessorMachine"/> decides that they learn of the successor.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SuccessorReporter(SuccessorSlot slot, IActorRef lifecycle, ILogger log)
{
    /// <summary>Tells it.</summary>
    public void Tell(ToOthers report)
    {
        switch (report)
        {
            case SuccessorEffect.Tell tell: lifecycle.Tell(tell.Event); break;
            case TellSpawned spawned: TellSpawned(slot.Process!, spawned.Takeover); break;
            case TellGreeted greeted: TellGreeted(greeted); break;
            case TellReady ready:
                log.Ready(slot.Generation, slot.Process!.Pid);
                TellSharedFiles(slot.Process.Pid);
                lifecycle.Tell(ready.Ready);
                break;
            case TellFailed failed: TellFailed(slot.Process!, failed.Failure); break;
            case TellEnded ended:
                log.Gone(slot.Generation, slot.Process!.Pid, ended.How);
                TellOutput();
                break;
            case TellLengthened { Lengthened: var lengthened } when slot.Logged.Add(EventIds.ProbationLengthened):
                log.ProbationLengthened(slot.Generation, slot.Process!.Pid, lengthened.Longest.TotalSeconds, lengthened.Reason);
                lifecycle.Tell(lengthened);
                break;
            case LogRefused refused: log.Refused(slot.Generation, refused.Hello.Pid, refused.Reason); break;
            case LogExcused excused when slot.Logged.Add(EventIds.ChecksExcused):
                log.ChecksExcused(slot.Generation, ProbeResult.Describe(excused.Failing));
                break;
            case LogFault fault when slot.Logged.Add(EventIds.FrameUnexpected):
                log.Unexpected(fault.Frame, slot.Generation, fault.State);
                break;
        }
    }

    private void TellSpawned(ISpawnedGeneration process, bool takeover)
    {
        if (takeover)
        {
            log.TakeoverBegun(slot.Generation, process.Pid);
        }
        else
        {
            log.Spawned(slot.Generation, process.Pid);
        }

        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(process.Pid, takeover));
    }

    private void TellGreeted(TellGreeted greeted)
    {
        const int maxReleaseLength = 200;
        var (hello, release) = (greeted.Hello, greeted.Hello.Release);
        release = release.Length > maxReleaseLength ? $"{release.AsSpan(0, maxReleaseLength)}…" : release;
        lifecycle.Tell(new LifecycleEvent.SuccessorGreeted(release));
        log.Hello(slot.Generation, hello.Pid, release, slot.Sockets.Count, greeted.Facts.Version);
    }

    // It has opened its log by now; both write from here on.
    private void TellSharedFiles(int pid)
    {
        if (slot.SharedFiles(pid) is not { Count: > 0 } paths) return;
        log.FilesShared(string.Join(", ", paths));
        lifecycle.Tell(new LifecycleEvent.FilesShared(paths));
    }

    private void TellFailed(ISpawnedGeneration process, LifecycleEvent.SuccessorFailed failure)
    {
        process.Output?.Limit(true);
        try
        {
            log.Failed(slot.Generation, process.Pid, failure.Reason);
        }
        finally
        {
            TellOutput(); // a log provider that throws must not cost the rollback
            lifecycle.Tell(failure);
        }
    }

    private void TellOutput()
    {
        if (slot.Process?.Output?.Sync() is { Count: > 0 } lines)
        {
            lifecycle.Tell(new LifecycleEvent.SuccessorWrote(lines));
        }
    }
}
