using System.Runtime.CompilerServices;

namespace Ips.Actors.Transport;

/// <summary>
/// Awaits a socket operation and says what came of it, without an exception if it did not. A wait is given up for each connection that
/// Kestrel closes and for each that moves; an exception for each would cost more than the rest of the connection.
/// </summary>
internal readonly struct QuietWait(ValueTask<int> operation) : ICriticalNotifyCompletion
{
    public bool IsCompleted => operation.IsCompleted;

    public QuietWait GetAwaiter() => this;

    /// <returns>The operation's result, or -1 if it failed: its source then does not go back to the socket for reuse.</returns>
    public int GetResult() => operation.IsCompletedSuccessfully ? operation.Result : -1;

    /// <summary>Throws what went wrong; only after a -1.</summary>
    public void Throw() => operation.GetAwaiter().GetResult();

    public void OnCompleted(Action continuation) => operation.ConfigureAwait(false).GetAwaiter().OnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => operation.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(continuation);
}
