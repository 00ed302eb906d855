using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Ips.Host.Inventory;

/// <summary>An object's JSON, read with every field checked, and written in one canonical form (order of fields, spelling of addresses):
/// two bodies are equal exactly if the objects are.</summary>
internal static class ObjectCodec
{
    private const string OidField = "oid";
    private const string VersionField = "version";
    private const string EntryAddress = "ip";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = ObjectLimits.JsonDepth };

    /// <summary>Reads one object.</summary>
    /// <param name="json">UTF-8 JSON.</param>
    /// <param name="expectedClass">The class that the path names; null takes it from the field <c>oid</c>.</param>
    /// <param name="expectedId">The id that the path names; null takes it from the field <c>id</c>.</param>
    /// <param name="problems">Everything that is wrong, if the answer is null. A field <c>version</c> is accepted and ignored,
    /// so that what was read can be written back.</param>
    public static InventoryObject? Read(ReadOnlySpan<byte> json, ObjectClass? expectedClass, string? expectedId,
        out IReadOnlyList<Refusal> problems)
    {
        List<Refusal> found = [];
        problems = found;
        if (!Utf8.IsValid(json))
        {
            found.Add(Refusals.BodyNotUtf8);
            return null;
        }
        try
        {
            var oclass = expectedClass;
            var oid = FindOid(json);
            if (oclass is null && oid is null) found.Add(Refusals.Missing(OidField));
            oclass ??= ObjectClass.Find(oid);
            if (oid is not null && (oclass is null || ObjectClass.Find(oid) != oclass)) found
                .Add(Refusals.OidFault(OidField, oid, expectedClass));
            return oclass is null ? null : Read(json, oclass, expectedId, found);
        }
        catch (JsonException e)
        {
            found.Clear();
            found.Add(Refusals.NotJson(
                $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}, nested {ObjectLimits.JsonDepth} deep at most"));
            return null;
        }
    }

    /// <summary>The canonical JSON, without the version.</summary>
    public static byte[] Write(InventoryObject item) => Join(WriteBody(item), WriteOthers(item));

    /// <summary>What <see cref="Write"/> answers without the other addresses: the part that older builds know and refuse if there is
    /// more.</summary>
    public static byte[] WriteBody(InventoryObject item) => WriteObject(item, (writer, item) =>
    {
        writer.WriteString(OidField, item.Class.Oid);
        writer.WriteString(ObjectClass.IdField, item.Id);
        for (var i = 0; i < item.Values.Count; i++)
        {
            if (item.Class.Fields[i].IsOther) continue;
            writer.WritePropertyName(item.Class.Fields[i].Name);
            WriteValue(writer, item.Class.Fields[i], item.Values[i]);
        }
    });

    /// <summary>The other addresses as a JSON object of their own; null if there are none.</summary>
    public static byte[]? WriteOthers(InventoryObject item) => !HasOthers(item) ? null : WriteObject(item, (writer, item) =>
    {
        for (var i = 0; i < item.Values.Count; i++)
        {
            if (!item.Class.Fields[i].IsOther || item.Values[i] is null or InetAddress[] { Length: 0 }) continue;
            writer.WritePropertyName(item.Class.Fields[i].Name);
            WriteValue(writer, item.Class.Fields[i], item.Values[i]);
        }
    });

    /// <summary>Puts the two parts of an object together, as <see cref="Write"/> writes it.</summary>
    public static byte[] Join(byte[] body, byte[]? others) =>
        others is null ? body : [.. body.AsSpan(0, body.Length - 1), (byte)',', .. others.AsSpan(1)];

    /// <summary>Reads back what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The body is not an object of this class: the store was changed by other hands.</exception>
    public static InventoryObject ReadStored(ObjectClass oclass, string id, ReadOnlySpan<byte> body) =>
        Read(body, oclass, id, out var problems)
        ?? throw new InvalidDataException($"The stored {oclass.Oid} '{id}' cannot be read: {Refusal.Join(problems).English}.");

    private static bool HasOthers(InventoryObject item)
    {
        for (var i = 0; i < item.Values.Count; i++)
            if (item.Class.Fields[i].IsOther && item.Values[i] is not (null or InetAddress[] { Length: 0 })) return true;
        return false;
    }

    private static byte[] WriteObject(InventoryObject item, Action<Utf8JsonWriter, InventoryObject> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        writer.WriteStartObject();
        writeMembers(writer, item);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteValue(Utf8JsonWriter writer, Field field, object? value)
    {
        switch (value)
        {
            case string text: writer.WriteStringValue(text); break;
            case long number: writer.WriteNumberValue(number); break;
            case InetAddress address: writer.WriteStringValue(address.ToString()); break;
            case null when field.Kind == FieldKind.Address: writer.WriteStringValue(""); break;
            case null: writer.WriteNullValue(); break;
            case InetAddress[] entries when field.Kind == FieldKind.EntryList:
                writer.WriteStartArray();
                foreach (var address in entries)
                {
                    writer.WriteStartObject();
                    writer.WriteString(EntryAddress, address.ToString());
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                break;
            case InetAddress[] addresses:
                writer.WriteStartArray();
                foreach (var address in addresses) writer.WriteStringValue(address.ToString());
                writer.WriteEndArray();
                break;
            case string[] texts:
                writer.WriteStartArray();
                foreach (var text in texts) writer.WriteStringValue(text);
                writer.WriteEndArray();
                break;
            default: throw new ArgumentException($"A {value.GetType().Name} is no value of a field.", nameof(value));
        }
    }

    private static string? FindOid(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOid = TextOf(ref reader) == OidField;
            reader.Read();
            if (isOid) return reader.TokenType == JsonTokenType.String ? TextOf(ref reader) ?? "" : "";
            reader.Skip();
        }
        return null;
    }

    private static InventoryObject? Read(ReadOnlySpan<byte> json, ObjectClass oclass, string? expectedId, List<Refusal> found)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            found.Add(Refusals.NotJson("it begins with something else"));
            return null;
        }
        string? id = expectedId;
        var seenId = false;
        var values = new object?[oclass.Fields.Count];
        var seen = new bool[values.Length];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = TextOf(ref reader) ?? "";
            reader.Read();
            if (name == ObjectClass.IdField)
            {
                if (seenId) found.Add(Refusals.Twice(name));
                seenId = true;
                var given = reader.TokenType == JsonTokenType.String ? TextOf(ref reader) : null;
                if (given is null || !ObjectLimits.IsId(given)) found.Add(Refusals.NotAnId(name));
                else if (expectedId is not null && given != expectedId) found.Add(Refusals.Wrong(name, "the id in the path", "路径中的 id"));
                id ??= given;
                reader.Skip();
                continue;
            }
            var index = oclass.IndexOf(name);
            if (index < 0)
            {
                if (name is not (OidField or VersionField)) found.Add(Refusals.Unknown(name));
                reader.Skip();
                continue;
            }
            if (seen[index]) found.Add(Refusals.Twice(name));
            seen[index] = true;
            values[index] = ReadValue(ref reader, oclass.Fields[index], found);
        }
        while (reader.Read()) { } // reports text after the object
        if (id is null && !seenId) found.Add(Refusals.Missing(ObjectClass.IdField));
        Complete(oclass, values, found);
        return found.Count == 0 ? new InventoryObject(oclass, id!, values) : null;
    }

    /// <summary>Gives absent fields their empty values and reports those that may not be absent. Shared with CSV.</summary>
    internal static void Complete(ObjectClass oclass, object?[] values, List<Refusal> found)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var field = oclass.Fields[i];
            values[i] ??= field.Kind switch
            {
                FieldKind.Text => "",
                FieldKind.AddressList or FieldKind.EntryList => Array.Empty<InetAddress>(),
                FieldKind.TextList => Array.Empty<string>(),
                _ => null,
            };
            // A field with a problem of its own is null too: not reported twice.
            if (field.IsRequired && values[i] is null && !found.Any(p => p.English.StartsWith(field.Name + " ", StringComparison.Ordinal)))
                found.Add(Refusals.Missing(field.Name));
        }
    }

    private static object? ReadValue(ref Utf8JsonReader reader, Field field, List<Refusal> found)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        switch (field.Kind)
        {
            case FieldKind.Text:
            case FieldKind.Address:
                return FieldText.Parse(field, ReadText(ref reader), found);
            case FieldKind.WholeNumber:
                if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number)
                    && number is >= 0 and <= ObjectLimits.Number) return number;
                reader.Skip();
                found.Add(Refusals.NotAWholeNumber(field.Name, 0, ObjectLimits.Number));
                return null;
            default:
                return FieldText.ParseList(field, ReadTexts(ref reader, field, found), found);
        }
    }

    // Null if it is no list, or longer than a list may be; an element of the wrong type becomes null.
    private static List<string?>? ReadTexts(ref Utf8JsonReader reader, Field field, List<Refusal> found)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }
        List<string?> texts = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (texts.Count > ObjectLimits.ListCount) reader.Skip();
            else if (field.Kind == FieldKind.EntryList) texts.Add(ReadEntry(ref reader, $"{field.Name}[{texts.Count}]", found));
            else texts.Add(ReadText(ref reader));
        }
        return texts.Count <= ObjectLimits.ListCount ? texts : null;
    }

    // Only its address is kept, so any other member is refused: what is not stored must not seem to be.
    private static string? ReadEntry(ref Utf8JsonReader reader, string name, List<Refusal> found)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        string? address = null;
        var seen = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = TextOf(ref reader) ?? "";
            reader.Read();
            if (member != EntryAddress)
            {
                found.Add(Refusals.Unknown($"{name}.{member}"));
                reader.Skip();
                continue;
            }
            if (seen) found.Add(Refusals.Twice($"{name}.{member}"));
            seen = true;
            address = ReadText(ref reader);
        }
        return address;
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType == JsonTokenType.String ? TextOf(ref reader) : null;
        reader.Skip();
        return text;
    }

    // Null for an escaped half of a surrogate pair, which is no character.
    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
