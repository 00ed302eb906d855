using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Ips.Actors.Control;
using Ips.Testing;

namespace Ips.Host.Tests.Cli;

/// <summary>What <c>--json</c> prints, pinned in docs/schema: programs read it. A field may be added to a version; nothing else may
/// change.</summary>
[Trait("issue", "16")]
public sealed class JsonSchemaTests
{
    public static TheoryData<string> Names => ["status", "receipt", "history", "top"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Schema_OfTheDocs_IsThatOfTheCode(string name)
    {
        var path = Path.Combine(SourceTree.Root, "docs/schema", $"{name}.v1.json");
        var expected = Export(name);
        if (Environment.GetEnvironmentVariable("IPS_WRITE_SCHEMAS") is { Length: > 0 }) File.WriteAllText(path, expected);
        Assert.Equal(expected, File.ReadAllText(path));
    }

    // Numbers are read from strings too, and never written as such.
    private static JsonNode AsWritten(JsonNode node)
    {
        string[] types = node is JsonObject any && any["type"] is JsonArray all
            ? [.. all.Select(type => type!.GetValue<string>())] : [];
        if (node is JsonObject one && types.Any(type => type is "integer" or "number"))
        {
            one.Remove("pattern");
            var left = types.Where(type => type != "string").ToArray();
            one["type"] = left is [var only] ? only : new JsonArray([.. left.Select(type => (JsonNode)type)]);
        }

        return node;
    }

    private static string Export(string name)
    {
        var info = name switch
        {
            "status" => ControlJson.Default.DaemonStatus,
            "receipt" => ControlJson.Default.ReloadReceipt,
            "history" => ControlJson.Default.IReadOnlyListReloadReceipt,
            _ => (System.Text.Json.Serialization.Metadata.JsonTypeInfo)ControlJson.Default.WatchSnapshot,
        };
        var schema = JsonSchemaExporter.GetJsonSchemaAsNode(info, new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true, TransformSchemaNode = (_, node) => AsWritten(node),
        });
        var document = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["$id"] = $"ips-{name}-v1" };
        foreach (var (key, value) in schema.AsObject().ToList()) document[key] = value?.DeepClone();
        return document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }
}
