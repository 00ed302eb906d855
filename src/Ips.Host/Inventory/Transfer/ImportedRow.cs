
namespace Ips.Host.Inventory.Transfer;

/// <summary>What one line of a file holds.</summary>
/// <param name="Line">The line's number, from 1.</param>
/// <param name="Item">The object; null if there are problems.</param>
/// <param name="Problems">What is wrong with the line.</param>
internal readonly record struct ImportedRow(long Line, InventoryObject? Item, IReadOnlyList<Refusal> Problems);
