using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>A span as it was sent.</summary>
internal sealed record ReceivedSpan(
    string TraceId, string SpanId, string ParentId, string Name, bool Failed, string Status, string Instance);

/// <summary>Receives traces by OTLP over HTTP, in protobuf, as a collector does.</summary>
internal sealed class TraceReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly WebApplication _app;

    private TraceReceiver(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        _app = builder.Build();
        _app.MapPost("/v1/traces", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            Read(body.ToArray());
            context.Response.ContentType = "application/x-protobuf";
        });
        _app.MapPost("/v1/{other}", context => context.Request.Body.CopyToAsync(Stream.Null));
        Endpoint = $"http://127.0.0.1:{port}";
    }

    /// <summary>For OTEL_EXPORTER_OTLP_ENDPOINT.</summary>
    public string Endpoint { get; }

    /// <summary>What has come so far.</summary>
    public IReadOnlyList<ReceivedSpan> Spans => [.. _spans];

    /// <summary>Starts one.</summary>
    public static async Task<TraceReceiver> StartAsync(int port)
    {
        var receiver = new TraceReceiver(port);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // opentelemetry-proto: ExportTraceServiceRequest, by its field numbers.
    private void Read(byte[] request)
    {
        foreach (var resourceSpans in Fields(request).Where(field => field.Number == 1))
        {
            var parts = Fields(resourceSpans.Bytes).ToList();
            var instance = parts.Where(field => field.Number == 1).SelectMany(resource => Fields(resource.Bytes))
                .Select(attribute => Fields(attribute.Bytes).ToList())
                .Where(attribute => attribute is [{ Number: 1 }, ..] && Text(attribute[0].Bytes) == "service.instance.id")
                .Select(attribute => Text(Fields(attribute[1].Bytes).First().Bytes)).FirstOrDefault("");
            foreach (var span in parts.Where(field => field.Number == 2).SelectMany(scope => Fields(scope.Bytes))
                .Where(field => field.Number == 2))
            {
                _spans.Enqueue(ReadSpan([.. Fields(span.Bytes)], instance));
            }
        }
    }

    private static ReceivedSpan ReadSpan(List<Field> fields, string instance)
    {
        var status = Fields(Of(15)).ToList();
        return new ReceivedSpan(
            Convert.ToHexStringLower(Of(1)), Convert.ToHexStringLower(Of(2)), Convert.ToHexStringLower(Of(4)), Text(Of(5)),
            status.Exists(field => field is { Number: 3, Value: 2 }),
            Text(status.Where(field => field.Number == 2).Select(field => field.Bytes).FirstOrDefault([])), instance);

        byte[] Of(int number) => fields.Where(field => field.Number == number).Select(field => field.Bytes).FirstOrDefault([]);
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static IEnumerable<Field> Fields(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            var (number, kind) = ((int)(tag >> 3), (int)(tag & 7));
            switch (kind)
            {
                case 0: yield return new Field(number, [], Varint(message, ref at)); break;
                case 1:
                    yield return new Field(number, [], BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    yield return new Field(number, message[at..(at + length)], 0);
                    at += length;
                    break;
                case 5:
                    yield return new Field(number, [], BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)));
                    at += 4;
                    break;
                default: throw new InvalidDataException($"Field {number} is of the kind {kind}.");
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
    }

    private sealed record Field(int Number, byte[] Bytes, ulong Value);
}
