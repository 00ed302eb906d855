namespace Ips.Host.Inventory.Transfer;

/// <summary>The columns of CSV files.</summary>
internal static class CsvColumns
{
    /// <summary>Column of the class.</summary>
    public const string Oid = "oid";

    /// <summary>Accepted and ignored.</summary>
    public const string Version = "version";

    /// <summary>The columns of an export: of one class, or of all with the fields of every class once; the other addresses come
    /// last.</summary>
    public static IReadOnlyList<string> For(ObjectClass? oclass) =>
        [Oid, ObjectClass.IdField, .. (oclass is null ? ObjectClass.All : [oclass]).SelectMany(c => c.Fields)
            .OrderBy(f => f.IsOther).Select(f => f.Name).Distinct()];
}
