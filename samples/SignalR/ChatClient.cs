using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Chat;

/// <summary>A client that loses no message. It knows the number of its last one and asks for those after it: when it has connected, when
/// it has reconnected, and when the hub says that there are new ones.</summary>
internal sealed class ChatClient : IAsyncDisposable, IRetryPolicy
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly HubConnection _hub;
    private readonly Action<Message> _onMessage;
    private long _last;

    public ChatClient(Uri url, Action<Message> onMessage)
    {
        _onMessage = onMessage;
        _hub = new HubConnectionBuilder()
            // Without a negotiation there is one request to connect, so no other generation can get the second one.
            .WithUrl(url, o => (o.Transports, o.SkipNegotiation) = (HttpTransportType.WebSockets, true))
            .WithAutomaticReconnect(this) // without it, the first reload ends the client
            .Build();
        _hub.On<long>("new", _ => CatchUpAsync());
        _hub.Reconnected += _ => CatchUpAsync();
    }

    /// <summary>The connection.</summary>
    public HubConnection Hub => _hub;

    /// <summary>Connects.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _hub.StartAsync(cancellationToken);
        await CatchUpAsync();
    }

    /// <summary>Posts a message exactly once, whatever happens to the connection.</summary>
    public async Task<Message> PostAsync(string author, string text, CancellationToken cancellationToken = default)
    {
        var id = Guid.NewGuid(); // the same for each try
        while (true)
        {
            try
            {
                return await _hub.InvokeAsync<Message>("Post", id, author, text, cancellationToken);
            }
            catch (Exception e) when (e is not HubException && !cancellationToken.IsCancellationRequested)
            {
                // Not connected, or closed before the answer came: nobody knows whether it was posted. HubException is the hub's own no.
                await Task.Delay(50, cancellationToken);
            }
        }
    }

    /// <summary>At once, then less often, and for as long as it takes. The default policy gives up after four tries.</summary>
    public TimeSpan? NextRetryDelay(RetryContext retryContext) =>
        TimeSpan.FromMilliseconds(Math.Min(5000, 100 * retryContext.PreviousRetryCount));

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _one.Dispose();
    }

    /// <summary>Runs a client on a terminal.</summary>
    public static async Task RunAsync(Uri url, string name)
    {
        await using var client = new ChatClient(url, message => Console.WriteLine($"{message.Number} {message.Author}: {message.Text}"));
        client.Hub.Reconnected += _ => Console.Out.WriteLineAsync("reconnected");
        await client.StartAsync();
        while (await Console.In.ReadLineAsync() is { } line) await client.PostAsync(name, line);
    }

    // One at a time, so that each message comes once and in order.
    private async Task CatchUpAsync()
    {
        await _one.WaitAsync();
        try
        {
            while (await _hub.InvokeAsync<List<Message>>("MessagesAfter", _last) is { Count: > 0 } messages)
            {
                foreach (var message in messages) _onMessage(message);
                _last = messages[^1].Number;
            }
        }
        catch (Exception e) when (e is not HubException)
        {
            // The connection was closed meanwhile: the next one asks again, from the same number.
        }
        finally
        {
            _one.Release();
        }
    }
}
