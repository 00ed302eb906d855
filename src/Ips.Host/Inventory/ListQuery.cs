namespace Ips.Host.Inventory;

/// <summary>What <c>POST /v1/object/{oid}</c> asks.</summary>
internal sealed record ListQuery(ObjectClass Class, Page Page, IReadOnlyList<ObjectFilter> Filters);
