namespace Ips.Host.Inventory.Storage;

/// <summary>A change of the schema with which every older build works on, and may start too: unlike a step it does not count in the version.</summary>
/// <param name="Table">A table that it makes: where this one is, the addition is.</param>
/// <param name="Sql">Its statements.</param>
internal sealed record SchemaAddition(string Table, string Sql);
