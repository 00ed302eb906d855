using System.Text.Json;
using System.Text.Unicode;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>Reads the body of <c>POST /v1/object/{oid}</c>: <c>page</c>, <c>page_size</c>, and a value, or a list of up to ten of which one
/// must match, for any field; further <c>sort</c>, <c>prefix</c> and <c>after</c>. Pure. An empty body asks for everything.</summary>
internal static class ListQueryParser
{
    /// <summary>Most values of one filter.</summary>
    public const int MaxValues = 10;

    private static readonly JsonDocumentOptions DocumentOptions = new()
    {
        MaxDepth = ObjectLimits.JsonDepth,
        AllowDuplicateProperties = false
    };

    /// <summary>Reads the body.</summary>
    public static ListQuery? Parse(ObjectClass oclass, ReadOnlyMemory<byte> body, ApiOptions options, out IReadOnlyList<Refusal> problems)
    {
        List<Refusal> found = [];
        problems = found;
        if (body.IsEmpty) return Make(oclass, null, null, [], default, options);
        if (!Utf8.IsValid(body.Span))
        {
            found.Add(Refusals.BodyNotUtf8);
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(body, DocumentOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return Parse(oclass, document.RootElement, options, found);
            found.Add(Refusals.NotJson("it begins with something else"));
            return null;
        }
        catch (JsonException e)
        {
            found.Add(Refusals.NotJson(
                $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}, nested {ObjectLimits.JsonDepth} deep at most"));
            return null;
        }
    }

    private static ListQuery? Parse(ObjectClass oclass, JsonElement root, ApiOptions options, List<Refusal> found)
    {
        List<ObjectFilter> filters = [];
        int? page = null, size = null;
        ObjectOrder order = default;
        foreach (var property in root.EnumerateObject())
        {
            var name = property.Name;
            if (name == "page") page = ParseNumber(name, property.Value, Page.MaxNumber, found);
            else if (name == "page_size") size = ParseNumber(name, property.Value, options.MaxPageSize, found);
            else if (name is OrderParser.Sort or OrderParser.Prefix or OrderParser.After)
                order = OrderParser.Read(name, TextOf(property.Value), order, found);
            else if (name == ObjectClass.IdField) AddFilter(filters, Values(name, property.Value, found, IdOf, Refusals.NotAnId),
                ids => new ObjectFilter.ById(ids));
            else if (oclass.IndexOf(name) is >= 0 and var index) ParseFilter(oclass.Fields[index], property.Value, filters, found);
            else found.Add(Refusals.Unknown(name));
        }
        if (order.After is not null && (order.By == OrderField.Name || page is not null))
            found.Add(Problems.AfterNeedsAnOrderById(OrderParser.After));
        return found.Count == 0 ? Make(oclass, page, size, filters, order, options) : null;
    }

    private static ListQuery Make(
        ObjectClass oclass, int? page, int? size, List<ObjectFilter> filters, ObjectOrder order, ApiOptions options)
    {
        var isWhole = page is null && size is null && options.Compatibility == ApiCompatibility.GinIps; // whose clients know no pages
        return new ListQuery(oclass, new Page(page ?? 1, size ?? (isWhole ? options.MaxPageSize : options.PageSize)),
            filters, order)
        { IsWhole = isWhole };
    }

    private static void ParseFilter(Field field, JsonElement value, List<ObjectFilter> filters, List<Refusal> found)
    {
        switch (field.Kind)
        {
            case FieldKind.Text:
                AddFilter(filters, Values(field.Name, value, found, TextOf, Refusals.NotText),
                    texts => new ObjectFilter.ByColumn(field.Column!, [.. texts]));
                break;
            case FieldKind.TextList:
                AddFilter(filters, Values(field.Name, value, found, TextOf, Refusals.NotText), owners => new ObjectFilter.ByOwner(owners));
                break;
            case FieldKind.WholeNumber:
                AddFilter(filters, Values(field.Name, value, found, NumberOf,
                    name => Refusals.NotAWholeNumber(name, 0, ObjectLimits.Number)),
                    numbers => new ObjectFilter.ByColumn(field.Column!, [.. numbers]));
                break;
            default:
                AddFilter(filters, Values(field.Name, value, found, BlockOf,
                    name => Refusals.Wrong(name, "an address or CIDR block", "地址或 CIDR 网段")),
                    blocks => new ObjectFilter.ByAddress(field.Slot, AddressRange.Merge(blocks.SelectMany(block => block!.Value.Ranges))));
                break;
        }
    }

    private static void AddFilter<T>(List<ObjectFilter> filters, List<T>? values, Func<List<T>, ObjectFilter> make)
    {
        if (values is not null) filters.Add(make(values));
    }

    // Null if there is a problem with the values.
    private static List<T>? Values<T>(string name, JsonElement value, List<Refusal> found, Func<JsonElement, T?> read,
        Func<string, Refusal> wrong)
    {
        List<T> values = [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            if (read(value) is { } only) return [only];
            found.Add(wrong(name));
            return null;
        }
        if (value.GetArrayLength() is < 1 or > MaxValues)
        {
            found.Add(Refusals.Wrong(name, $"one value or a list of 1 to {MaxValues}", $"一个值或 1 到 {MaxValues} 个值的列表"));
            return null;
        }
        foreach (var element in value.EnumerateArray())
        {
            if (read(element) is { } one)
            {
                values.Add(one);
                continue;
            }
            found.Add(wrong(name));
            return null;
        }
        return values;
    }

    private static string? TextOf(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String) return null;
        try
        {
            var text = element.GetString()!;
            return ObjectLimits.IsText(text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null; // an escaped half of a surrogate pair
        }
    }

    private static string? IdOf(JsonElement element) => TextOf(element) is { } id && ObjectLimits.IsId(id) ? id : null;

    private static object? NumberOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var number)
            && number is >= 0 and <= ObjectLimits.Number ? number : null;

    private static AddressBlock? BlockOf(JsonElement element) =>
        TextOf(element) is { } text && AddressParser.TryParseBlock(text, out var block) ? block : null;

    private static int ParseNumber(string name, JsonElement value, int max, List<Refusal> found)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 1 && number <= max) return number;
        found.Add(Refusals.NotAWholeNumber(name, 1, max));
        return 1;
    }
}
