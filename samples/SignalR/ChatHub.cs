using Microsoft.AspNetCore.SignalR;

namespace Chat;

/// <summary>What clients call.</summary>
internal sealed class ChatHub(ChatStore store) : Hub
{
    /// <summary>Posts a message. A second call with the same id posts nothing, and returns the first one's message: a client whose call
    /// failed because its connection was closed calls again.</summary>
    public Message Post(string id, string author, string text) => store.Add(id, author, text);

    /// <summary>The messages after a number: what a client has missed while it was not connected.</summary>
    public IReadOnlyList<Message> MessagesAfter(long number) => store.After(number);
}

/// <summary>Tells the clients of this generation that there are new messages, also of those that clients of the other one have posted. With
/// many clients use a backplane in its place, such as Redis: for SignalR, two generations are two servers.</summary>
internal sealed class Announcer(ChatStore store, IHubContext<ChatHub> hub, IIpsGeneration generation, ILogger<Announcer> log)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        log.LogInformation("Generation {Generation} announces messages.", generation.Number);
        using var timer = new PeriodicTimer(Interval);
        var announced = store.Last();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (store.Last() is var last && last == announced) continue;
            announced = last;
            // Only that there is something: each client asks for what comes after its own last message.
            await hub.Clients.All.SendAsync("new", last, stoppingToken);
        }
    }
}
