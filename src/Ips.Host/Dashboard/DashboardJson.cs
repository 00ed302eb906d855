using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Dashboard;

/// <summary>Writes what came over a socket for the page. Each text in it is cleaned: what would turn text around, or command a terminal
/// that it is copied to, is shown as an escape. Pure.</summary>
internal static class DashboardJson
{
    private static readonly JsonSerializerOptions ControlOptions = Cleaning(ControlJson.Default.Options);
    private static readonly JsonSerializerOptions OwnOptions = Cleaning(PageJson.Default.Options);

    /// <summary>An event of the stream: its name, and one line of JSON.</summary>
    internal static string Event<T>(string name, T value) =>
        $"event: {name}\ndata: {JsonSerializer.Serialize(value, OwnOptions.GetTypeInfo(typeof(T)))}\n\n";

    /// <summary>The same of what a service said.</summary>
    /// <param name="name">The event's name.</param>
    /// <param name="service">The service's number on the page.</param>
    /// <param name="value">What it said.</param>
    internal static string Said<T>(string name, int service, T value) =>
        $"event: {name}\ndata: {{\"service\":{service},\"said\":"
        + $"{JsonSerializer.Serialize(value, ControlOptions.GetTypeInfo(typeof(T)))}}}\n\n";

    private static JsonSerializerOptions Cleaning(JsonSerializerOptions options) => new(options) { Converters = { new CleanText() } };

    private sealed class CleanText : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WriteStringValue(TerminalText.Lines(value));

        public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString()!;

        public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WritePropertyName(TerminalText.Line(value));
    }
}

/// <summary>A service, as the page lists it.</summary>
/// <param name="Service">Its number on the page.</param>
/// <param name="Name">Its PID file.</param>
internal sealed record PageService(int Service, string Name);

/// <summary>What the page begins with.</summary>
/// <param name="Version">The release of the command that serves the page.</param>
/// <param name="Services">The services.</param>
internal sealed record PageHello(string Version, IReadOnlyList<PageService> Services);

/// <summary>How the connection to a service stands.</summary>
/// <param name="Service">Its number on the page.</param>
/// <param name="State"><c>live</c>; <c>polling</c>, with a release that cannot be watched; <c>waiting</c>, for the next main process;
/// <c>stopped</c>; <c>failed</c>.</param>
/// <param name="Message">What that means, for a person.</param>
internal sealed record PageLink(int Service, string State, string Message);

/// <summary>Changes that were seen.</summary>
/// <param name="Service">The service's number on the page.</param>
/// <param name="Whole">These are all, not only the new ones.</param>
/// <param name="Items">The changes, oldest first.</param>
internal sealed record PageTrace(int Service, bool Whole, IReadOnlyList<TraceItem> Items);

/// <summary>What became of a button that was pressed.</summary>
/// <param name="Service">The service's number on the page.</param>
/// <param name="Verb">The button.</param>
/// <param name="State"><c>running</c>, <c>done</c> or <c>failed</c>.</param>
/// <param name="Text">What the command said.</param>
internal sealed record PageAction(int Service, string Verb, string State, string Text);

/// <summary>A button that was pressed.</summary>
/// <param name="Service">The service's number on the page.</param>
/// <param name="Verb"><c>reload</c>, <c>check</c>, <c>pause</c> or <c>resume</c>.</param>
internal sealed record PageOrder(int Service, string Verb);

/// <summary>Source-generated JSON of the page.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PageHello))]
[JsonSerializable(typeof(PageLink))]
[JsonSerializable(typeof(PageTrace))]
[JsonSerializable(typeof(PageAction))]
[JsonSerializable(typeof(PageOrder))]
internal sealed partial class PageJson : JsonSerializerContext;
