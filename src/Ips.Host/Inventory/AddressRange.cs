namespace Ips.Host.Inventory;

/// <summary>All addresses from <paramref name="First"/> to <paramref name="Last"/>, both included.</summary>
internal readonly record struct AddressRange(InetAddress First, InetAddress Last)
{
    /// <summary>Whether the range is one address.</summary>
    public bool IsSingle => First == Last;

    /// <summary>The same addresses in the fewest ranges, in ascending order: what overlaps or touches is joined,
    /// so that no index entry is read twice.</summary>
    public static IReadOnlyList<AddressRange> Merge(IEnumerable<AddressRange> ranges)
    {
        List<AddressRange> merged = [];
        foreach (var range in ranges.OrderBy(r => r.First))
        {
            if (merged.Count > 0 && Joins(merged[^1], range))
            {
                var last = merged[^1];
                merged[^1] = last with { Last = range.Last.CompareTo(last.Last) > 0 ? range.Last : last.Last };
            }
            else
            {
                merged.Add(range);
            }
        }
        return merged;
    }

    private static bool Joins(AddressRange earlier, AddressRange later) =>
        later.First.CompareTo(earlier.Last) <= 0 || later.First.Value - 1 == earlier.Last.Value;
}
