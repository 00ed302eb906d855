namespace Ips.Host.Inventory.Storage;

/// <summary>One call of the store, from the wait for a connection to the answer.</summary>
/// <param name="limit">How long it may take in all.</param>
/// <param name="cancellationToken">Cancels the call when its caller stops waiting.</param>
internal sealed class StoreCall(TimeSpan limit, CancellationToken cancellationToken)
{
    private const int Open = 0, Committing = 1, Abandoned = 2;

    private int _state;

    /// <summary>How long it may take in all.</summary>
    public TimeSpan Limit => limit;

    /// <summary>Cancelled when no caller waits for it.</summary>
    public CancellationToken Token { get; } = cancellationToken;

    /// <summary>Ends the wait for the commit, which nobody who only loses patience may end. The same as <see cref="Token"/> unless it is
    /// set.</summary>
    public CancellationToken CommitToken { get; init; } = cancellationToken;

    /// <summary>The commit was sent.</summary>
    public bool CommitSent => Volatile.Read(ref _state) == Committing;

    /// <summary>The commit is about to be sent.</summary>
    /// <exception cref="OperationCanceledException">The caller was told already that nothing was written.</exception>
    public void BeginCommit()
    {
        if (Interlocked.CompareExchange(ref _state, Committing, Open) == Abandoned)
            throw new OperationCanceledException("The call was given up before its commit.");
    }

    /// <summary>Gives the call up, because its caller stops waiting. False if its commit was sent before: the outcome is unknown.</summary>
    public bool TryAbandon() => Interlocked.CompareExchange(ref _state, Abandoned, Open) != Committing;
}
