namespace Ips.Actors.Lifecycle;

/// <summary>Counts of the whole life of a service. They never fall: a generation hands them to the next with its promotion.</summary>
/// <remarks>Thread-safe. A name is <c>result/reason</c>, as in <c>closed-politely/http2</c>, or <see cref="AbortedRequests"/>. Names that
/// this build does not know are kept for the next one.</remarks>
internal sealed class ServiceCounts
{
    /// <summary>Names at most; what would be more is not counted. A peer cannot fill the memory with names.</summary>
    public const int MaxNames = 64;

    /// <summary>Requests that were cut at the end of a drain.</summary>
    public const string AbortedRequests = "aborted-requests";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private bool _adopted;

    /// <summary>What became of connections, by result and reason.</summary>
    public IReadOnlyList<(string Result, string Reason, long Count)> Handovers
    {
        get
        {
            lock (_gate)
            {
                return [.. from count in _counts
                           let slash = count.Key.IndexOf('/', StringComparison.Ordinal)
                           where slash > 0
                           select (count.Key[..slash], count.Key[(slash + 1)..], count.Value)];
            }
        }
    }

    /// <summary>The count of a name.</summary>
    public long Of(string name)
    {
        lock (_gate) return _counts.GetValueOrDefault(name);
    }

    /// <summary>Counts.</summary>
    /// <param name="name">What.</param>
    /// <param name="count">How many more; 0 is nothing.</param>
    public void Add(string name, long count)
    {
        if (count <= 0) return;
        lock (_gate)
        {
            if (_counts.Count < MaxNames || _counts.ContainsKey(name))
                _counts[name] = long.CreateSaturating((Int128)_counts.GetValueOrDefault(name) + count);
        }
    }

    /// <summary>All counts, as the successor gets them; null if there are none.</summary>
    public IReadOnlyDictionary<string, long>? ToSend()
    {
        lock (_gate) return _counts.Count == 0 ? null : new Dictionary<string, long>(_counts, StringComparer.Ordinal);
    }

    /// <summary>Takes over the counts of the predecessor, once: it may say them again.</summary>
    public void Adopt(IReadOnlyDictionary<string, long> counts)
    {
        lock (_gate)
        {
            if (_adopted) return;
            _adopted = true;
        }

        foreach (var (name, count) in counts) Add(name, count);
    }
}
