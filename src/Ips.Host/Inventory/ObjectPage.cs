namespace Ips.Host.Inventory;

/// <summary>One page of a result.</summary>
/// <param name="Page">The page that was asked for.</param>
/// <param name="Total">Number of objects in the whole result.</param>
/// <param name="Items">The objects of this page, in a stable order.</param>
internal sealed record ObjectPage(Page Page, long Total, IReadOnlyList<StoredObject> Items);

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

/// <summary>One object as it lies in a store.</summary>
/// <param name="Version">Grows with every change of the store and is never given twice, so an object that was deleted and made again has a
/// new one.</param>
/// <param name="Body">The object's JSON from <see cref="ObjectCodec.Write"/>, without the version.</param>
internal readonly record struct StoredObject(long Version, ReadOnlyMemory<byte> Body);
