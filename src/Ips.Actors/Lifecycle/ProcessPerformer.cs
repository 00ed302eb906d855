using Akka.Actor;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.LifecycleEffect;

namespace Ips.Actors.Lifecycle;

/// <summary>Carries out the effects on this process and its files, and tells the actors that answer at its sockets.</summary>
internal sealed class ProcessPerformer(LifecycleMemory memory, ReloadTracker tracker, ICurrentProcess process, ILogger log)
{
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private LifecycleCast Cast => memory.Cast!;

    // Another service manager's, not ours.
    private bool ToTakeover => memory.Reload?.Takeover is not null;

    /// <summary>Carries out one of them.</summary>
    public void Run(ProcessEffect effect)
    {
        switch (effect)
        {
            case PublishIdentity: Publish(); break;
            case HandOverIdentity: HandOver(); break;
            case RetractIdentity retract: process.RetractIdentity(retract.HandedOver); break;
            case KeepSockets when ToTakeover: break;
            case KeepSockets: process.KeepSockets(); break;
            case DropSockets: process.DropSockets(); break;
            case RestartService restart: process.RestartService(restart.Own); break;
            case ReopenLog: Reopen(); break;
            case StopHost: process.StopHost(); break;
            case ExitProcess exit: Exit(exit.Code); break;
            default: throw new System.Diagnostics.UnreachableException($"Effect {effect} has no handler.");
        }
    }

    /// <summary>Makes again what somebody has removed of the service's files. Not during a handover: what changes hands is what the
    /// successor was told.</summary>
    public void RestorePaths()
    {
        if (memory.State is not LifecycleState.Serving) return;
        Cast.Listeners.Tell(new ListenerOrder.RestorePaths());
        if (process.RestorePaths(memory.History.Receipts)) ServeClients();
    }

    private void Publish()
    {
        process.PublishIdentity();
        tracker.KeepHistory();
        Cast.Listeners.Tell(new ListenerOrder.HandoverEnded(IsMain: true));
        process.ReportStarted();
        ServeClients();
    }

    private void HandOver()
    {
        process.HandOverIdentity(ToTakeover);
        Cast.Control.Tell(new ClientOrder.HandedOver());
        Cast.Takeover?.Tell(new ClientOrder.HandedOver());
    }

    private void ServeClients()
    {
        Cast.Control.Tell(new ClientOrder.Serve());
        Cast.Takeover?.Tell(new ClientOrder.Serve());
    }

    private void Reopen()
    {
        try
        {
            if (process.ReopenLog() is { } path)
            {
                log.LogReopened(path);
            }
            else
            {
                log.LogReopenFailed("no log file is configured (ips.log-file)");
            }
        }
        catch (IOException e)
        {
            log.LogReopenFailed(e.Message);
        }
    }

    private void Exit(ExitCode code)
    {
        log.Exiting((int)code, code.ToString());
        var clientsServed = Cast.Control.Ask<ClientOrder.Closed>(new ClientOrder.Close(), FarewellTimeout);
        _ = ExitWhenDoneAsync(clientsServed, memory.DeliveryOver, code);
    }

    // Before the process ends, clients of the control socket get their last lines, the sockets of a service that died an owner, and the
    // request that waited its delivery. What fails of these is logged where it happens; it keeps nobody here.
    private async Task ExitWhenDoneAsync(Task clientsServed, Task delivery, ExitCode code)
    {
        await clientsServed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await process.RestartOver.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await delivery.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        process.Exit(code);
    }
}
