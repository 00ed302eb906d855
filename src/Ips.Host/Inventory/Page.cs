namespace Ips.Host.Inventory;

/// <summary>Which part of a result is asked for.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Size">Objects a page, from 1.</param>
internal readonly record struct Page(int Number, int Size)
{
    /// <summary>Highest page number: with the largest page still far from what a 64-bit offset holds.</summary>
    public const int MaxNumber = 10_000_000;

    /// <summary>Objects before the page.</summary>
    public long Offset => (Number - 1L) * Size;
}
