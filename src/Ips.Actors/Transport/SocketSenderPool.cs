using System.Collections.Concurrent;

namespace Ips.Actors.Transport;

/// <summary>Senders in stock: a connection holds one only while it sends, so idle connections cost none.</summary>
internal sealed class SocketSenderPool : IDisposable
{
    /// <summary>Enough for the sends that are under way at once; the same limit as Kestrel's.</summary>
    private const int Limit = 1024;

    private readonly ConcurrentQueue<SocketSender> _stock = new();
    private int _count;
    private volatile bool _disposed;

    public SocketSender Rent()
    {
        if (!_stock.TryDequeue(out var sender)) return new SocketSender();
        Interlocked.Decrement(ref _count);
        return sender;
    }

    public void Return(SocketSender sender)
    {
        if (_disposed || Interlocked.Increment(ref _count) > Limit)
        {
            if (!_disposed) Interlocked.Decrement(ref _count);
            sender.Dispose();
            return;
        }
        sender.Clear();
        _stock.Enqueue(sender);
    }

    public void Dispose()
    {
        _disposed = true;
        while (_stock.TryDequeue(out var sender))
            sender.Dispose();
    }
}
