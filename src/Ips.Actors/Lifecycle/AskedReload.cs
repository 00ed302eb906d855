using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>A reload that was asked for: all that it is to be carried out with, and who waits for its receipt.</summary>
/// <param name="reload">As it was asked for.</param>
/// <param name="time">The clock of its wait.</param>
internal sealed class AskedReload(LifecycleProtocol.Reload reload, TimeProvider time)
{
    private const int MaxSourceLength = 200; // of the next process's log

    private readonly long _since = time.GetTimestamp();

    /// <summary>As it was asked for.</summary>
    public LifecycleProtocol.Reload Reload => reload;

    /// <summary>Names it, in this process and in the next ones; null while nobody but the asker can know of it.</summary>
    public string? Id { get; private set; } = reload.Request.Id;

    /// <summary>When this process was asked.</summary>
    public DateTimeOffset At { get; } = time.GetUtcNow();

    /// <summary>It has waited, here or in an earlier process.</summary>
    public bool HasWaited { get; private set; } = reload.Request.WaitedMs is not null;

    /// <summary>Milliseconds since it was asked for, in all processes.</summary>
    public double WaitedMs => Math.Round((reload.Request.WaitedMs ?? 0) + time.GetElapsedTime(_since).TotalMilliseconds, 1);

    /// <summary>Who gets the receipt.</summary>
    public List<IActorRef> Waiters { get; } = reload.ReplyTo is { } waiter ? [waiter] : [];

    /// <summary>It waits from now on.</summary>
    public void Queue() => (HasWaited, Id) = (true, Id ?? Guid.NewGuid().ToString("N"));

    /// <summary>The newer of two requests; it answers those who wait for the older one as well.</summary>
    public static AskedReload Newer(AskedReload? one, AskedReload other)
    {
        if (one is null) return other;
        var (older, newer) = one._since <= other._since ? (one, other) : (other, one);
        newer.Waiters.AddRange(older.Waiters.Except(newer.Waiters).ToList());
        return newer;
    }

    /// <summary>The same request to another process.</summary>
    public ReloadRequest ToRequest() => reload.Request with
    {
        Id = Id,
        AskedBy = reload.Request.AskedBy ?? (reload.Source.Length > MaxSourceLength ? reload.Source[..MaxSourceLength] : reload.Source),
        Trigger = WireName.Of(reload.Trigger),
        WaitedMs = WaitedMs,
    };

    /// <summary>The request as status and history show it.</summary>
    public PendingReload ToPending() => new(reload.Source, At, WaitedMs);
}

/// <summary>Who waits for a receipt.</summary>
internal static class WaitersExtensions
{
    /// <summary>Tells all of them.</summary>
    public static void Answer(this List<IActorRef> waiters, object message) => waiters.ForEach(waiter => waiter.Tell(message));
}
