using System.Text;

namespace Ips.Host.Inventory.Storage;

/// <summary>The SQL of reads, which SQLite and PostgreSQL both understand. Pure: values go into the list of parameters, never into the text.</summary>
/// <remarks>An IPv4 or IPv6 address is 16 bytes (SQLite BLOB, PostgreSQL bytea), which both compare byte by byte: a CIDR block is one range of the index.</remarks>
internal static class ObjectSql
{
    /// <summary>The page of a list: version, body.</summary>
    public static (string Sql, List<object> Values) List(ListQuery query)
    {
        var (where, values) = Where(query);
        var sql = $"SELECT o.version, o.body FROM ips_object o WHERE {where} ORDER BY o.id LIMIT {Add(values, (long)query.Page.Size)} OFFSET {Add(values, query.Page.Offset)}";
        return (sql, values);
    }

    /// <summary>The number of objects in a list.</summary>
    public static (string Sql, List<object> Values) CountList(ListQuery query)
    {
        // Without a filter the answer is kept up to date by each write: counting a million rows would take longer than the page itself.
        if (query.Filters.Count == 0) return ("SELECT value FROM ips_counter WHERE name = @p0", [CounterName(query.Class)]);
        var (where, values) = Where(query);
        return ($"SELECT count(*) FROM ips_object o WHERE {where}", values);
    }

    /// <summary>The page of a search: version, body.</summary>
    public static (string Sql, List<object> Values) Search(SearchQuery query)
    {
        List<object> values = [];
        if (query.Ranges is [{ IsSingle: true } only]) return (SearchOne(query, only, values), values);
        var keys = Keys(query, values);
        var sql = $"SELECT o.version, o.body FROM ({keys} ORDER BY object_key LIMIT {Add(values, (long)query.Page.Size)} OFFSET {Add(values, query.Page.Offset)}) h "
            + "JOIN ips_object o ON o.object_key = h.object_key ORDER BY o.object_key";
        return (sql, values);
    }

    /// <summary>The number of objects in a search.</summary>
    public static (string Sql, List<object> Values) CountSearch(SearchQuery query)
    {
        List<object> values = [];
        return ($"SELECT count(*) FROM ({Keys(query, values)}) h", values);
    }

    /// <summary>The name of the counter of a class's objects.</summary>
    public static string CounterName(ObjectClass oclass) => "objects." + oclass.Oid;

    // One address, by far the most frequent search: in the order of the index, without the sorting that DISTINCT and UNION need.
    // An object that holds the address in several fields counts with the first of them.
    private static string SearchOne(SearchQuery query, AddressRange only, List<object> values) =>
        $"SELECT o.version, o.body FROM ips_address a JOIN ips_object o ON o.object_key = a.object_key WHERE a.address = {Add(values, only.First.ToBytes())} "
        + "AND a.field = (SELECT min(b.field) FROM ips_address b WHERE b.address = a.address AND b.object_key = a.object_key)"
        + (query.Class is { } oclass ? $" AND a.oid = {Add(values, (long)oclass.Number)}" : "")
        + $" ORDER BY a.object_key LIMIT {Add(values, (long)query.Page.Size)} OFFSET {Add(values, query.Page.Offset)}";

    private static string Keys(SearchQuery query, List<object> values)
    {
        var oid = query.Class is { } oclass ? $" AND oid = {Add(values, (long)oclass.Number)}" : "";
        // UNION, unlike OR, is an index range each in both stores; it also drops what an object with several hits repeats.
        var selects = query.Ranges.Select(range => $"SELECT DISTINCT object_key FROM ips_address WHERE {Within(range, values)}{oid}");
        return string.Join(" UNION ", selects);
    }

    private static (string Where, List<object> Values) Where(ListQuery query)
    {
        List<object> values = [(long)query.Class.Number];
        var where = new StringBuilder("o.oid = @p0");
        foreach (var filter in query.Filters)
        {
            where.Append(" AND ");
            where.Append(filter switch
            {
                ObjectFilter.ById ids => $"o.id {AnyOf(values, ids.Ids)}",
                ObjectFilter.ByColumn column => $"o.{column.Column} {AnyOf(values, column.Values)}",
                ObjectFilter.ByOwner owner => $"o.object_key IN (SELECT object_key FROM ips_owner WHERE name {AnyOf(values, owner.Owners)})",
                ObjectFilter.ByAddress address => $"o.object_key IN ({string.Join(" UNION ",
                    address.Ranges.Select(range => $"SELECT object_key FROM ips_address WHERE {Within(range, values)} AND field = {Add(values, (long)address.Slot)}"))})",
                _ => throw new System.Diagnostics.UnreachableException($"Filter {filter} has no SQL."),
            });
        }
        return (where.ToString(), values);
    }

    private static string Within(AddressRange range, List<object> values) => range.IsSingle
        ? $"address = {Add(values, range.First.ToBytes())}"
        : $"address >= {Add(values, range.First.ToBytes())} AND address <= {Add(values, range.Last.ToBytes())}";

    private static string Add(List<object> values, object value)
    {
        values.Add(value);
        return $"@p{values.Count - 1}";
    }

    // One value with =, not IN: then an index on column and id also gives the order.
    private static string AnyOf(List<object> values, IReadOnlyList<object> any) =>
        any.Count == 1 ? $"= {Add(values, any[0])}" : $"IN ({string.Join(", ", any.Select(value => Add(values, value)))})";
}
