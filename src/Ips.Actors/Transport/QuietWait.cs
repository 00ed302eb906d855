using System.Runtime.CompilerServices;

namespace Ips.Actors.Transport;

/// <summary>
/// Awaits the end of a socket operation without its result. A wait is given up for each connection that Kestrel closes and for each that
/// moves, and the exception that the result then is would cost more than the rest of the connection.
/// </summary>
internal readonly struct QuietWait(ValueTask<int> operation) : ICriticalNotifyCompletion
{
    public bool IsCompleted => operation.IsCompleted;

    public QuietWait GetAwaiter() => this;

    public void GetResult()
    {
        // The result is for Take.
    }

    /// <summary>The result, or the exception. Once, after the await, unless the operation was given up: one whose result nobody takes does
    /// not go back to its socket but to the finalizer, and keeps the whole connection in memory until that has run.</summary>
    public int Take() => operation.GetAwaiter().GetResult();

    public void OnCompleted(Action continuation) => operation.ConfigureAwait(false).GetAwaiter().OnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => operation.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(continuation);
}
