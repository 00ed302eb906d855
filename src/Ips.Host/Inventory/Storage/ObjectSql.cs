using System.Text;

namespace Ips.Host.Inventory.Storage;

/// <summary>The SQL of reads, which SQLite and PostgreSQL both understand. Pure: values go into the list of parameters, never into the
/// text.</summary>
/// <remarks>An IPv4 or IPv6 address is 16 bytes (SQLite BLOB, PostgreSQL bytea), which both compare byte by byte: a CIDR block is one range
/// of the index.</remarks>
internal static class ObjectSql
{
    /// <summary>The columns of an object <c>o</c>: version, body, other addresses.</summary>
    public const string Columns = "o.version, o.body, (SELECT m.body FROM ips_more m WHERE m.object_key = o.object_key)";

    /// <summary>The page of a list: <see cref="Columns"/>.</summary>
    public static (string Sql, List<object> Values) List(ListQuery query)
    {
        var (where, values) = Where(query);
        var sql = $"SELECT {Columns} FROM ips_object o WHERE {where}{After(query.Order, values)} ORDER BY "
            + $"{By(query.Order, "o.id")}{Limit(query.Page, values)}";
        return (sql, values);
    }

    /// <summary>The number of objects in a list.</summary>
    public static (string Sql, List<object> Values) CountList(ListQuery query)
    {
        // Without a filter the answer is kept up to date by each write: counting a million rows would take longer than the page itself.
        if (query.Filters.Count == 0 && query.Order.Prefix is null)
            return ("SELECT value FROM ips_counter WHERE name = @p0", [CounterName(query.Class)]);
        var (where, values) = Where(query);
        return ($"SELECT count(*) FROM ips_object o WHERE {where}", values);
    }

    /// <summary>The page of a search: <see cref="Columns"/>.</summary>
    public static (string Sql, List<object> Values) Search(SearchQuery query)
    {
        List<object> values = [];
        if (query.Order != default)
        {
            var found = $"SELECT {Columns} FROM ips_object o WHERE o.object_key IN ({Keys(query, values)}){Prefix(query.Order, values)}";
            return ($"{found}{After(query.Order, values)} ORDER BY {By(query.Order, "o.object_key")}{Limit(query.Page, values)}", values);
        }
        if (query.Ranges is [{ IsSingle: true } only]) return (SearchOne(query, only, values), values);
        var sql = $"SELECT {Columns} FROM ({Keys(query, values)} ORDER BY object_key{Limit(query.Page, values)}) h "
            + "JOIN ips_object o ON o.object_key = h.object_key ORDER BY o.object_key";
        return (sql, values);
    }

    /// <summary>The number of objects in a search.</summary>
    public static (string Sql, List<object> Values) CountSearch(SearchQuery query)
    {
        List<object> values = [];
        var keys = Keys(query, values);
        return query.Order.Prefix is null
            ? ($"SELECT count(*) FROM ({keys}) h", values)
            : ($"SELECT count(*) FROM ips_object o WHERE o.object_key IN ({keys}){Prefix(query.Order, values)}", values);
    }

    /// <summary>The name of the counter of a class's objects.</summary>
    public static string CounterName(ObjectClass oclass) => "objects." + oclass.Oid;

    // One address, by far the most frequent search: in the order of the index, without the sorting that DISTINCT and UNION need.
    // An object that holds the address in several fields counts with the first of them.
    private static string SearchOne(SearchQuery query, AddressRange only, List<object> values)
    {
        var address = Add(values, only.First.ToBytes());
        var held = $"SELECT {Columns}, a.object_key FROM ips_address a JOIN ips_object o ON o.object_key = a.object_key "
            + $"WHERE a.address = {address} "
            + "AND a.field = (SELECT min(b.field) FROM ips_address b WHERE b.address = a.address AND b.object_key = a.object_key)"
            + (query.Class is { } oclass ? $" AND a.oid = {Add(values, (long)oclass.Number)}" : "");
        if (Named(query, values) is not { } named) return $"{held} ORDER BY a.object_key{Limit(query.Page, values)}";
        return $"{held} UNION ALL SELECT {Columns}, o.object_key FROM ips_object o WHERE {named} "
            + $"AND NOT EXISTS (SELECT 1 FROM ips_address b WHERE b.address = {address} AND b.object_key = o.object_key) "
            + $"ORDER BY object_key{Limit(query.Page, values)}";
    }

    private static string Keys(SearchQuery query, List<object> values)
    {
        var oid = query.Class is { } oclass ? $" AND oid = {Add(values, (long)oclass.Number)}" : "";
        // UNION, unlike OR, is an index range each in both stores; it also drops what an object with several hits repeats.
        var selects = query.Ranges
            .Select(range => $"SELECT DISTINCT object_key FROM ips_address WHERE {Within(range, values)}{oid}").ToList();
        if (Named(query, values) is { } named) selects.Add($"SELECT o.object_key FROM ips_object o WHERE {named}");
        return string.Join(" UNION ", selects);
    }

    // The objects whose field "name" is one of the addresses; null if none can be.
    private static string? Named(SearchQuery query, List<object> values)
    {
        if (query.Names is not { Count: > 0 } names) return null;
        var classes = ObjectClass.All.Where(oclass => oclass.HasName && (query.Class ?? oclass) == oclass).ToList();
        return classes.Count == 0
            ? null
            : $"o.oid {AnyOf(values, [.. classes.Select(oclass => (object)(long)oclass.Number)])} AND o.label {AnyOf(values, names)}";
    }

    private static string By(ObjectOrder order, string usual)
    {
        var direction = order.IsDescending ? " DESC" : "";
        return order.By switch
        {
            OrderField.Id => $"o.id{direction}, o.oid{direction}",
            OrderField.Name => $"o.label{direction}, o.id{direction}, o.oid{direction}",
            _ => usual,
        };
    }

    private static string Limit(Page page, List<object> values) =>
        $" LIMIT {Add(values, (long)page.Size)} OFFSET {Add(values, page.Offset)}";

    private static string Prefix(ObjectOrder order, List<object> values)
    {
        if (order.Prefix is not { } prefix) return "";
        var column = order.By == OrderField.Name ? "o.label" : "o.id";
        return $" AND {column} >= {Add(values, prefix)}" + (TextPrefix.End(prefix) is { } end ? $" AND {column} < {Add(values, end)}" : "");
    }

    private static string After(ObjectOrder order, List<object> values) =>
        order.After is { } after ? $" AND o.id {(order.IsDescending ? "<" : ">")} {Add(values, after)}" : "";

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
                ObjectFilter.ByOwner owner =>
                    $"o.object_key IN (SELECT object_key FROM ips_owner WHERE name {AnyOf(values, owner.Owners)})",
                ObjectFilter.ByAddress address => $"o.object_key IN ({string.Join(" UNION ", address.Ranges.Select(range =>
                    $"SELECT object_key FROM ips_address WHERE {Within(range, values)} AND field = {Add(values, (long)address.Slot)}"))})",
                _ => throw new System.Diagnostics.UnreachableException($"Filter {filter} has no SQL."),
            });
        }
        where.Append(Prefix(query.Order, values));
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
