namespace Ips.Host.Inventory;

/// <summary>One object as it lies in a store.</summary>
/// <param name="Version">Grows with every change of the store and is never given twice, so an object that was deleted and made again has a new one.</param>
/// <param name="Body">The object's JSON from <see cref="ObjectCodec.Write"/>, without the version.</param>
internal readonly record struct StoredObject(long Version, ReadOnlyMemory<byte> Body);
