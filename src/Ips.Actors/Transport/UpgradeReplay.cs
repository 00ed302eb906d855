using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>An upgrade that another generation answered, and that this one answers again before it gets a byte of the client.</summary>
/// <param name="parcel">What travelled.</param>
internal sealed class UpgradeReplay(UpgradeParcel parcel)
{
    /// <summary>Within this time the app has to answer: 30 s.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource<bool> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _backend = parcel.Backend;
    private string? _reason;

    /// <summary>What travelled.</summary>
    public UpgradeParcel Parcel => parcel;

    /// <summary>Whether the app has agreed to what was agreed with the client.</summary>
    public Task<bool> Decided => _decided.Task;

    /// <summary>Completes when what travelled on its way to the client was sent, or will travel on.</summary>
    public Task Delivered => _delivered.Task;

    /// <summary>Why it has not, in a word.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    /// <summary>Notes why the upgrade is about to be refused, unless a reason is known.</summary>
    public void Blame(string reason) => Interlocked.CompareExchange(ref _reason, reason, null);

    /// <summary>The answer is there.</summary>
    public void Decide(bool accepted) => _decided.TrySetResult(accepted);

    /// <summary>What travelled on its way to the client is no longer ahead of what the app sends.</summary>
    public void Deliver() => _delivered.TrySetResult();

    /// <summary>Takes the descriptor of the backend's connection; the caller owns it.</summary>
    /// <returns>-1 if there is none, or it was taken.</returns>
    public int TakeBackend() => Interlocked.Exchange(ref _backend, -1);
}
