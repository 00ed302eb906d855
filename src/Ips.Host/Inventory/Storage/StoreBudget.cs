namespace Ips.Host.Inventory.Storage;

/// <summary>The time that one request spends on the store: its calls together take no longer than one may.</summary>
internal sealed class StoreBudget
{
    private static readonly AsyncLocal<StoreBudget?> Current = new();
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);

    private long _spentTicks;

    /// <summary>Begins the request that this asynchronous method serves.</summary>
    public static void Begin() => Current.Value = new StoreBudget();

    /// <summary>What is left of a limit; all of it outside of a request.</summary>
    public static TimeSpan Left(TimeSpan limit)
    {
        var left = limit - TimeSpan.FromTicks(Interlocked.Read(ref (Current.Value ?? new StoreBudget())._spentTicks));
        return left > Least ? left : Least;
    }

    /// <summary>Takes down time that was spent on the store.</summary>
    public static void Spend(TimeSpan time)
    {
        if (Current.Value is { } budget) Interlocked.Add(ref budget._spentTicks, time.Ticks);
    }
}
