using System.Threading.Channels;

namespace Ips.Host.Dashboard;

/// <summary>Hands messages to the pages that are open, in a bounded amount: a page that does not read is dropped, and comes back.</summary>
/// <param name="most">The most pages at a time.</param>
/// <param name="backlog">The most messages that wait for one of them.</param>
/// <remarks>Thread-safe.</remarks>
internal sealed class DashboardStreams(int most = DashboardStreams.MostOpen, int backlog = DashboardStreams.MostWaiting)
{
    /// <summary>The most pages at a time.</summary>
    internal const int MostOpen = 16;

    /// <summary>The most messages that wait for one page, beside those that it begins with.</summary>
    internal const int MostWaiting = 64;

    private readonly Lock _gate = new();
    private readonly List<Stream> _open = [];
    private readonly List<(string Key, string Message)> _kept = [];

    /// <summary>The pages that are open.</summary>
    internal int Open
    {
        get
        {
            lock (_gate) return _open.Count;
        }
    }

    /// <summary>Hands a message to each page.</summary>
    /// <param name="message">The message.</param>
    /// <param name="key">Pages that open later begin with the newest message of each key; null for one that only counts now.</param>
    /// <param name="keep">What those get instead of the message; null for the message.</param>
    internal void Publish(string message, string? key = null, string? keep = null)
    {
        lock (_gate)
        {
            if (key is not null)
            {
                var index = _kept.FindIndex(kept => kept.Key == key);
                if (index < 0) _kept.Add((key, keep ?? message));
                else _kept[index] = (key, keep ?? message);
            }

            foreach (var slow in _open.Where(stream => !stream.Offer(message)).ToList()) slow.Drop();
        }
    }

    /// <summary>Opens a stream that begins with what is known; null if too many are open.</summary>
    internal Stream? TryOpen()
    {
        lock (_gate)
        {
            if (_open.Count >= most) return null;
            var stream = new Stream(this, backlog + _kept.Count);
            _open.Add(stream);
            foreach (var (_, message) in _kept) stream.Offer(message);
            return stream;
        }
    }

    private void Close(Stream stream)
    {
        lock (_gate) _open.Remove(stream);
    }

    /// <summary>The messages of one page.</summary>
    internal sealed class Stream : IDisposable
    {
        private readonly DashboardStreams _streams;
        private readonly Channel<string> _messages;
        private readonly CancellationTokenSource _dropped = new();

        internal Stream(DashboardStreams streams, int capacity)
        {
            _streams = streams;
            _messages = Channel.CreateBounded<string>(new BoundedChannelOptions(capacity) { SingleReader = true });
        }

        /// <summary>The messages.</summary>
        internal ChannelReader<string> Messages => _messages.Reader;

        /// <summary>Cancelled when too many messages wait: the page does not read.</summary>
        internal CancellationToken Dropped => _dropped.Token;

        /// <summary>False if too many wait.</summary>
        internal bool Offer(string message) => _messages.Writer.TryWrite(message);

        internal void Drop()
        {
            _streams.Close(this);
            _messages.Writer.TryComplete();
            _ = _dropped.CancelAsync();
        }

        public void Dispose() => _streams.Close(this);
    }
}
