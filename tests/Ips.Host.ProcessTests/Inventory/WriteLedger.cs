namespace Ips.Host.ProcessTests.Inventory;

/// <summary>What the writers asked for, and what they were told. An object is known by its <c>mem_size</c>, which is different in each
/// write. Thread-safe.</summary>
internal sealed class WriteLedger
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, int> _byGeneration = [];
    private int _acknowledged;

    /// <summary>Acknowledged writes.</summary>
    public int Acknowledged
    {
        get
        {
            lock (_lock) return _acknowledged;
        }
    }

    /// <summary>How many writes each generation acknowledged.</summary>
    public IReadOnlyDictionary<int, int> ByGeneration
    {
        get
        {
            lock (_lock) return new SortedDictionary<int, int>(_byGeneration);
        }
    }

    /// <summary>Before a write is sent: from now on it may or may not have been done.</summary>
    /// <param name="id">The object; only one writer at a time writes it.</param>
    /// <param name="number">What is written; null for a DELETE.</param>
    public void Begin(string id, long? number)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(id, out var entry)) _entries.Add(id, entry = new Entry());
            entry.InDoubt.Add(number);
        }
    }

    /// <summary>The write that was begun last on this object was acknowledged: it must be found from now on.</summary>
    public void Acknowledge(string id, int generation)
    {
        lock (_lock)
        {
            var entry = _entries[id];
            entry.Certain = entry.InDoubt[^1];
            entry.InDoubt.Clear();
            _acknowledged++;
            _byGeneration[generation] = _byGeneration.GetValueOrDefault(generation) + 1;
        }
    }

    /// <summary>What is wrong with a store that holds these objects; empty if nothing is.</summary>
    public IReadOnlyList<string> Faults(IReadOnlyDictionary<string, long> found)
    {
        lock (_lock)
        {
            List<string> faults = [.. found.Keys.Where(id => !_entries.ContainsKey(id)).Select(id => $"{id} was never written")];
            foreach (var (id, entry) in _entries)
            {
                long? number = found.TryGetValue(id, out var there) ? there : null;
                if (number != entry.Certain && !entry.InDoubt.Contains(number))
                    faults.Add($"{id} is {Show(number)}; {Show(entry.Certain)} was "
                        + $"acknowledged{(entry.InDoubt.Count > 0 ? $", {string.Join(", ", entry.InDoubt.Select(Show))} in doubt" : "")}");
            }

            return faults;
        }
    }

    private static string Show(long? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "absent";

    private sealed class Entry
    {
        public long? Certain { get; set; }

        public List<long?> InDoubt { get; } = [];
    }
}
