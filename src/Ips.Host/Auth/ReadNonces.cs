using Ips.Host.Inventory.Storage;

namespace Ips.Host.Auth;

/// <summary>Nonces of reads that the store cannot keep, because its disk is full. They are known to this process only, and for the window.
/// Thread-safe.</summary>
internal sealed class ReadNonces(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly HashSet<(string Key, string Nonce)> _taken = [];
    private readonly Queue<((string Key, string Nonce) Nonce, long At)> _byAge = new();

    /// <summary>Takes a nonce once.</summary>
    /// <param name="key">Whose nonce.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="window">How long requests are valid.</param>
    /// <param name="capacity">Most nonces kept.</param>
    public NonceOutcome Take(string key, string nonce, TimeSpan window, int capacity)
    {
        lock (_gate)
        {
            while (_byAge.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At) > window) _taken.Remove(_byAge.Dequeue().Nonce);
            if (_byAge.Count >= capacity) return NonceOutcome.Full;
            if (!_taken.Add((key, nonce))) return NonceOutcome.Used;
            _byAge.Enqueue(((key, nonce), time.GetTimestamp()));
            return NonceOutcome.Taken;
        }
    }
}
