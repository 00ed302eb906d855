using System.Collections.Concurrent;
using Chat;
using Ips.Host.ProcessTests.Harness;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>samples/SignalR under its own client, which its page shows.</summary>
[Collection(Waits.Name)]
public sealed class ChatTests(ITestOutputHelper output) : SampleTest(output)
{
    private const int Clients = 3;
    private static readonly TimeSpan PostInterval = TimeSpan.FromMilliseconds(100); // the load of one client

    [Fact]
    public async Task SignalR_ReloadedThreeTimes_EachClientComesBackAndGetsEachMessageOnce()
    {
        await using var app = await StartAsync("SignalR", "--Data", Path.Combine(Folder, "data"));
        var url = new Uri($"http://127.0.0.1:{app.Place.Port}/chat");
        List<Talker> talkers = [];
        using var over = new CancellationTokenSource();
        try
        {
            for (var i = 1; i <= Clients; i++) talkers.Add(await Talker.StartAsync(url, $"client {i}"));
            var talks = talkers.Select(talker => talker.TalkAsync(over.Token)).ToList();
            await ReloadUnderLoadAsync(app, ["/messages?after=1000000", "/healthz"], generation => Eventually.TrueAsync(
                () => talkers.All(talker => talker.Reconnected >= generation - 1), $"all clients at generation {generation}"));
            await over.CancelAsync();
            var posted = (await Task.WhenAll(talks)).SelectMany(texts => texts).ToList();
            await Eventually.TrueAsync(() => talkers.All(talker => talker.Received.Count >= posted.Count), "each message at each client");

            await talkers[0].AssertPostsOnceAsync();
            Output.WriteLine($"{posted.Count} messages to {Clients} clients");
            foreach (var talker in talkers)
            {
                Assert.Equal([], talker.Faults);
                Assert.Equal(Reloads, talker.Reconnected);
                var received = talker.Received.Where(message => message.Text != "once").ToList();
                Assert.Equal(received.Select(message => message.Number).Order().Distinct(), received.Select(message => message.Number));
                Assert.Equal(posted.Order(StringComparer.Ordinal), received.Select(message => message.Text).Order(StringComparer.Ordinal));
            }
        }
        finally
        {
            foreach (var talker in talkers) await talker.DisposeAsync();
        }
    }

    private sealed class Talker : IAsyncDisposable
    {
        private readonly ChatClient _client;
        private readonly string _name;
        private int _reconnected;

        private Talker(Uri url, string name)
        {
            (_name, _client) = (name, new ChatClient(url, Received.Enqueue));
            _client.Hub.Reconnected += _ => Task.FromResult(Interlocked.Increment(ref _reconnected));
            _client.Hub.Reconnecting += Note;
            _client.Hub.Closed += Note;
        }

        public ConcurrentQueue<Message> Received { get; } = new();

        public ConcurrentQueue<string> Faults { get; } = new();

        public int Reconnected => Volatile.Read(ref _reconnected);

        public static async Task<Talker> StartAsync(Uri url, string name)
        {
            var talker = new Talker(url, name);
            await talker._client.StartAsync().WaitAsync(Limits.Step);
            return talker;
        }

        /// <summary>Posts until it is over.</summary>
        /// <returns>The texts.</returns>
        public async Task<List<string>> TalkAsync(CancellationToken over)
        {
            List<string> texts = [];
            while (!over.IsCancellationRequested)
            {
                texts.Add($"{_name}, text {texts.Count + 1}");
                await _client.PostAsync(_name, texts[^1], CancellationToken.None).WaitAsync(Limits.Step, CancellationToken.None);
                await Task.Delay(PostInterval, CancellationToken.None);
            }

            return texts;
        }

        /// <summary>A client whose call failed calls again with the same id.</summary>
        public async Task AssertPostsOnceAsync()
        {
            var id = Guid.NewGuid();
            var first = await _client.Hub.InvokeAsync<Message>("Post", id, _name, "once").WaitAsync(Limits.Step);
            Assert.Equal(first, await _client.Hub.InvokeAsync<Message>("Post", id, _name, "once").WaitAsync(Limits.Step));
        }

        public ValueTask DisposeAsync() => _client.DisposeAsync();

        private Task Note(Exception? error)
        {
            if (error is not null) Faults.Enqueue(error.Message);
            return Task.CompletedTask;
        }
    }
}
