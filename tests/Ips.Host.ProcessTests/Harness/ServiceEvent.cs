using System.Text.Json;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>One line of a service's log.</summary>
/// <param name="Number">Its place in the log, from 0.</param>
/// <param name="Text">The line as it stands there.</param>
/// <param name="Id">The event id; 0 if the line is none of the log's own, such as what a crashing process writes.</param>
/// <param name="Generation">Who wrote it; 0 if not known.</param>
/// <param name="Pid">Who wrote it; 0 if not known.</param>
/// <param name="Message">For people; tests match <see cref="Id"/> and <see cref="this[string]"/>.</param>
internal sealed record ServiceEvent(int Number, string Text, int Id, int Generation, int Pid, string Message)
{
    private readonly Dictionary<string, string> _state = [];

    /// <summary>A value of the event, as text; empty if it has none of that name.</summary>
    public string this[string name] => _state.GetValueOrDefault(name, "");

    /// <summary>When, as the log has it; empty if not known.</summary>
    public string Time { get; init; } = "";

    /// <summary>For a test's output.</summary>
    public override string ToString() => Time.Length == 0 ? Text : $"{Time[11..^1]} gen={Generation} pid={Pid} {Id} {Message}";

    /// <summary>Reads a line.</summary>
    public static ServiceEvent Parse(int number, string line)
    {
        if (!line.StartsWith('{')) return new ServiceEvent(number, line, 0, 0, 0, line);
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            var read = new ServiceEvent(number, line, root.GetProperty("eventId").GetInt32(), root.GetProperty("generation").GetInt32(),
                root.GetProperty("pid").GetInt32(), root.GetProperty("message").GetString()!)
            {
                Time = root.GetProperty("time").GetString()!,
            };
            if (root.TryGetProperty("state", out var state))
            {
                foreach (var value in state.EnumerateObject()) read._state[value.Name] = value.Value.ToString();
            }

            return read;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            return new ServiceEvent(number, line, 0, 0, 0, line); // torn or foreign
        }
    }
}
