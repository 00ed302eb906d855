using System.Net.Sockets;
using System.Text.Json;

namespace Ips.Testing.Reloads;

/// <summary>Asks a service for a reload, as <c>ips reload</c> does: one JSON object in a line, answered by one a line.</summary>
internal static class ControlSocket
{
    /// <summary>Reloads; returns when the successor is the main process.</summary>
    /// <param name="path">The socket: the PID file's path and <c>.sock</c>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ReloadTestFault">The reload did not take place; the message has the reason.</exception>
    public static async Task ReloadAsync(string path, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync("{\"verb\":\"reload\"}\n"u8.ToArray(), cancellation);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            using var json = JsonDocument.Parse(line);
            if (!json.RootElement.TryGetProperty("final", out var final) || !final.GetBoolean()) continue;
            if (Failure(json.RootElement) is { } failure) throw new ReloadTestFault(failure);
            return;
        }

        throw new ReloadTestFault("it closed its control socket before the outcome was known.");
    }

    /// <summary>Why a reload did not take place; null if it did.</summary>
    /// <param name="last">The last event of an answer.</param>
    internal static string? Failure(JsonElement last)
    {
        if (!last.TryGetProperty("receipt", out var receipt)) return Text(last, "message") ?? last.ToString();
        var outcome = Text(receipt, "outcome");
        return outcome == "promoted" ? null : $"{outcome}: {Text(receipt, "reason")}";
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
