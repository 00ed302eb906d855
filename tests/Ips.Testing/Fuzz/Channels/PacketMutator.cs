using System.Text;
using System.Text.Json.Nodes;

namespace Ips.Testing.Fuzz.Channels;

/// <summary>Makes of a valid frame one that no peer of good will sends. Pure.</summary>
internal static class PacketMutator
{
    /// <summary>What a packet may have; a hostile one may have more.</summary>
    public const int PacketBytesMax = 128 * 1024;

    private const int DeepLevels = 2000, ManyElements = 5000, OversizeBytesMax = 60_000;

    // A codec that looks at types only may take these for a frame.
    private static readonly (string Name, Func<JsonObject, Random, string> Apply)[] Soft =
    [
        ("null element", NullElement),
        ("null", (frame, random) => Replace(frame, random, "null")),
        ("negative number", (frame, random) => Replace(frame, random, random.Next(2) == 0 ? "-1" : "-2147483648")),
        ("unknown field", (frame, random) => Append(frame, $"\"unknown{random.Next(10)}\":{WrongValue(random)}")),
        ("long text", (frame, random) => Replace(frame, random, $"\"{new string('y', random.Next(60_000, PacketBytesMax - 30_000))}\"")),
        ("duplicate field", Duplicate),
    ];

    private static readonly (string Name, Func<JsonObject, Random, string> Apply)[] OfFields =
    [
        .. Soft,
        ("wrong type", (frame, random) => Replace(frame, random, WrongValue(random))),
        ("huge number", (frame, random) => Replace(frame, random, random.Next(2) == 0 ? "9223372036854775808" : "1e400")),
        ("long list", (frame, random) => Replace(frame, random, $"[{string.Join(',', Enumerable.Repeat("{}", ManyElements))}]")),
        ("deep", (frame, random) => Replace(frame, random, new string('[', DeepLevels) + new string(']', DeepLevels))),
        ("missing field", Remove),
        ("lone surrogate", (frame, random) => Replace(frame, random, "\"\\ud800\"")),
    ];

    private static readonly (string Name, Func<byte[], Random, byte[]> Apply)[] OfBytes =
    [
        ("truncated", (bytes, random) => bytes[..random.Next(bytes.Length)]),
        ("flipped", Flip),
        ("invalid UTF-8", (bytes, random) => Insert(bytes, random, [0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80])),
        ("appended", (bytes, random) => [.. bytes, .. Noise(random)]),
        ("byte order mark", (bytes, _) => [0xef, 0xbb, 0xbf, .. bytes]),
        ("noise", (_, random) => Noise(random)),
        ("empty", (_, _) => []),
        ("oversized", (bytes, random) =>
            [.. bytes, .. Enumerable.Repeat((byte)' ', PacketBytesMax - bytes.Length + random.Next(1, OversizeBytesMax))]),
        ("HTTP", (_, _) => "GET / HTTP/1.1\r\nHost: fuzz\r\n\r\n"u8.ToArray()),
    ];

    /// <summary>The names of all mutations.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. OfFields.Select(one => one.Name), .. OfBytes.Select(one => one.Name), UnknownType, OtherType];

    private const string UnknownType = "unknown type", OtherType = "type that is no text";

    /// <summary>Mutates a frame so that it may pass for one.</summary>
    /// <param name="frame">A valid one; changed.</param>
    /// <param name="random">Decides.</param>
    public static (byte[] Bytes, string Name) MutateSoftly(JsonObject frame, Random random)
    {
        var (name, apply) = Soft[random.Next(Soft.Length)];
        return (Encoding.UTF8.GetBytes(apply(frame, random)), name);
    }

    /// <summary>Mutates a frame.</summary>
    /// <param name="frame">A valid one; changed.</param>
    /// <param name="random">Decides.</param>
    /// <returns>The bytes, and what was done.</returns>
    public static (byte[] Bytes, string Name) Mutate(JsonObject frame, Random random)
    {
        var choice = random.Next(OfFields.Length + OfBytes.Length + 2);
        if (choice < OfFields.Length) return (Encoding.UTF8.GetBytes(OfFields[choice].Apply(frame, random)), OfFields[choice].Name);
        choice -= OfFields.Length;
        if (choice < OfBytes.Length) return (OfBytes[choice].Apply(Bytes(frame), random), OfBytes[choice].Name);
        if (choice == OfBytes.Length)
        {
            frame["type"] = "nothing";
            return (Bytes(frame), UnknownType);
        }

        frame["type"] = random.Next(2) == 0 ? 7 : new JsonArray();
        return (Bytes(frame), OtherType);
    }

    /// <summary>The bytes of a frame as it is.</summary>
    public static byte[] Bytes(JsonObject frame) => Encoding.UTF8.GetBytes(frame.ToJsonString());

    // What JSON text cannot be built of nodes for goes through a mark that no value has.
    private static string Replace(JsonObject frame, Random random, string value)
    {
        const string Mark = "\u0001fuzz";
        var places = Places(frame);
        if (places.Count == 0) return Append(frame, $"\"count\":{value}");
        var (parent, key) = places[random.Next(places.Count)];
        if (parent is JsonArray array) array[(int)key] = Mark;
        else parent.AsObject()[(string)key] = Mark;
        return frame.ToJsonString().Replace($"{JsonValue.Create(Mark)!.ToJsonString()}", value, StringComparison.Ordinal);
    }

    private static string NullElement(JsonObject frame, Random random)
    {
        var lists = Places(frame).Select(place => Value(place.Parent, place.Key)).OfType<JsonArray>().ToList();
        if (lists.Count == 0) return Append(frame, "\"endpoints\":[null]");
        var list = lists[random.Next(lists.Count)];
        list.Insert(random.Next(list.Count + 1), null);
        return frame.ToJsonString();
    }

    private static string Remove(JsonObject frame, Random random)
    {
        var names = frame.Select(field => field.Key).ToList();
        if (names.Count > 0) frame.Remove(names[random.Next(names.Count)]);
        return frame.ToJsonString();
    }

    private static string Duplicate(JsonObject frame, Random random)
    {
        var fields = frame.ToList();
        if (fields.Count == 0) return "{\"type\":\"serve\",\"type\":\"promote\"}";
        var (name, value) = fields[random.Next(fields.Count)];
        return Append(frame, $"\"{name}\":{(random.Next(2) == 0 ? value?.ToJsonString() ?? "null" : WrongValue(random))}");
    }

    private static string Append(JsonObject frame, string field)
    {
        var text = frame.ToJsonString();
        return frame.Count == 0 ? $"{{{field}}}" : $"{text[..^1]},{field}}}";
    }

    private static string WrongValue(Random random) => random.Next(7) switch
    {
        0 => "{}",
        1 => "[]",
        2 => "[null]",
        3 => "true",
        4 => "\"7\"",
        5 => "1.5",
        _ => "{\"endpoint\":null,\"ordinal\":{}}",
    };

    private static byte[] Flip(byte[] bytes, Random random)
    {
        for (var i = random.Next(1, 8); i > 0 && bytes.Length > 0; i--) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    private static byte[] Insert(byte[] bytes, Random random, byte[] inserted)
    {
        var at = random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. inserted[..random.Next(1, inserted.Length)], .. bytes[at..]];
    }

    private static byte[] Noise(Random random)
    {
        var noise = new byte[random.Next(1, 400)];
        random.NextBytes(noise);
        return noise;
    }

    private static List<(JsonNode Parent, object Key)> Places(JsonNode root)
    {
        List<(JsonNode, object)> places = [];
        Collect(root);
        return places;

        void Collect(JsonNode? node)
        {
            if (node is JsonObject fields)
            {
                foreach (var (name, value) in fields)
                {
                    if (name == "type" && ReferenceEquals(node, root)) continue;
                    places.Add((fields, name));
                    Collect(value);
                }
            }
            else if (node is JsonArray list)
            {
                for (var i = 0; i < list.Count; i++)
                {
                    places.Add((list, i));
                    Collect(list[i]);
                }
            }
        }
    }

    private static JsonNode? Value(JsonNode parent, object key) => parent is JsonArray list ? list[(int)key]
        : parent.AsObject()[(string)key];
}
