using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ips.SampleApp;

/// <summary>A protocol of the app's own on a port of its own, which is handed over: answers each connection with the number of its
/// generation. It accepts while this generation is primary; connections wait meanwhile. On with <c>--Sample:LinePort=N</c>.</summary>
internal sealed class LineServer(IIpsGeneration generation, IConfiguration configuration) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private CancellationTokenSource? _stop;
    private IIpsListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (configuration.GetValue<int?>("Sample:LinePort") is not { } port) return;
        _listener = await generation.ListenAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken: cancellationToken);
        generation.OnPromoted(_ =>
        {
            _stop = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
            _accepting = AcceptAsync(_listener, _stop.Token);
            return Task.CompletedTask;
        });
        generation.OnDraining(async _ =>
        {
            if (_stop is not null) await _stop.CancelAsync();
            await _accepting;
        });
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _ended.CancelAsync();
        await _accepting;
        _listener?.Dispose();
    }

    public void Dispose()
    {
        _stop?.Dispose();
        _ended.Dispose();
    }

    // Returns when the last connection was answered.
    private async Task AcceptAsync(IIpsListener listener, CancellationToken stop)
    {
        try
        {
            while (await listener.AcceptAsync(stop) is { } socket) await AnswerAsync(socket);
        }
        catch (OperationCanceledException)
        {
            // Another generation accepts from here on.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using (socket)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"generation {generation.Number}\n"), SocketFlags.None);
            socket.Shutdown(SocketShutdown.Send);
        }
    }
}

/// <summary>The same as many apps have it: on a listening socket that is not handed over, which no two generations can have. On with
/// <c>--Sample:LonePort=N</c>.</summary>
internal sealed class LoneServer(IConfiguration configuration) : IHostedService, IDisposable
{
    private TcpListener? _listener;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (configuration.GetValue<int?>("Sample:LonePort") is not { } port) return Task.CompletedTask;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener?.Dispose();
}
