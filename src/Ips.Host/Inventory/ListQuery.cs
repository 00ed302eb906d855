namespace Ips.Host.Inventory;

/// <summary>What <c>POST /v1/object/{oid}</c> asks.</summary>
internal sealed record ListQuery(ObjectClass Class, Page Page, IReadOnlyList<ObjectFilter> Filters, ObjectOrder Order = default)
{
    /// <summary>Whether the client expects all objects in one answer.</summary>
    public bool IsWhole { get; init; }
}
