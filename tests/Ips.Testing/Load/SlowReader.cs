using System.Diagnostics;
using System.Globalization;

namespace Ips.Testing.Load;

/// <summary>A client that reads one large response slowly and verifies each byte, so that most of it waits in the server when something
/// happens there.</summary>
internal sealed class SlowReader : IAsyncDisposable
{
    private readonly SlowReaderOptions _options;
    private readonly CancellationTokenSource _abort = new();
    private readonly HttpMessageParser _parser = new(HttpMessageKind.Response);
    private readonly BodyCheck _body = new();
    private readonly long _begun = Stopwatch.GetTimestamp();
    private LoadConnection? _connection;
    private LoadFaultException? _fault;

    private SlowReader(SlowReaderOptions options) => _options = options;

    /// <summary>Connects, asks, and returns when the first bytes of the response were read. A failure up to here is told by
    /// <see cref="FinishAsync"/>.</summary>
    public static async Task<SlowReader> StartAsync(SlowReaderOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SizeBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReadSizeBytes, 1);
        var reader = new SlowReader(options);
        await reader.TryAsync(reader.BeginAsync);
        return reader;
    }

    /// <summary>Reads the rest, slowly.</summary>
    public async Task<SlowReadResult> FinishAsync()
    {
        if (_fault is null) await TryAsync(EndAsync);
        return new SlowReadResult(
            _fault?.Kind, _fault?.Message ?? "", _body.Length, _parser.Generation, _parser.Close, Stopwatch.GetElapsedTime(_begun));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _abort.CancelAsync();
        if (_connection is not null) await _connection.DisposeAsync();
        _abort.Dispose();
    }

    private async Task BeginAsync()
    {
        _body.Begin(LoadBodies.Large(_options.SizeBytes));
        _parser.Begin(_body);
        _connection = await LoadConnection.OpenAsync(
            _options.Target, new byte[_options.ReadSizeBytes], _options.Timeout, _abort.Token, _options.ReceiveBufferSizeBytes);
        _connection.BeginRequest();
        var path = string.Create(CultureInfo.InvariantCulture, $"{_options.Path}?bytes={_options.SizeBytes}");
        await _connection.SendAsync(LoadRequest.Head("GET", _options.Target, path, ""));
        await _connection.ReadResponseAsync(_parser, untilBytes: 1);
    }

    private async Task EndAsync()
    {
        await _connection!.ReadResponseAsync(_parser, _options.ReadInterval);
        if (_parser.Status != 200) throw new LoadFaultException(FailureKind.WrongStatus, $"status {_parser.Status} instead of 200");
        if (_body.Fault is { } fault) throw new LoadFaultException(FailureKind.WrongLength, fault);
    }

    private async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (LoadFaultException fault)
        {
            _fault = fault;
        }
    }
}
