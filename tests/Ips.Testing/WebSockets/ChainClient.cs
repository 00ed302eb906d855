using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Ips.Testing.WebSockets;

/// <summary>Talks with the chain endpoint: sends random messages, and holds each answer against its own account of what it has sent. So a
/// message that is lost, doubled or out of order is noticed at either end.</summary>
#pragma warning disable CA1001 // neither has a timer or a wait handle: there is nothing to dispose of
internal sealed class ChainClient
#pragma warning restore CA1001
{
    private const int MaxUnanswered = 8;

    private readonly IChainPeer _peer;
    private readonly Random _random;
    private readonly int _maxBytes;
    private readonly TimeSpan _maxPause;
    private readonly ConcurrentQueue<(string Chain, byte[] Message)> _sent = new();
    private readonly SemaphoreSlim _room = new(MaxUnanswered);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, bool> _generations = new();
    private readonly Task _running;
    private long _answers;
    private int _moves;

    private ChainClient(IChainPeer peer, int seed, int maxBytes, TimeSpan maxPause)
    {
        (_peer, _random, _maxBytes, _maxPause) = (peer, new Random(seed), maxBytes, maxPause);
        _running = Task.WhenAll(Task.Run(SendAsync), Task.Run(ReceiveAsync));
    }

    /// <summary>Answers that were right.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>Which generations have answered.</summary>
    public IReadOnlyCollection<int> Generations => [.. _generations.Keys.Order()];

    /// <summary>How often the server says that it has moved.</summary>
    public int Moves => Volatile.Read(ref _moves);

    /// <summary>Pings that were answered.</summary>
    public long Pongs => _peer.Pongs;

    /// <summary>What went wrong; null for nothing.</summary>
    public string? Fault { get; private set; }

    /// <summary>Starts.</summary>
    public static ChainClient Start(IChainPeer peer, int seed, int maxBytes = 4096, TimeSpan maxPause = default) =>
        new(peer, seed, maxBytes, maxPause);

    /// <summary>Sends no more, waits for the answers to what was sent, and closes.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running.WaitAsync(Limits.Step);
        }
        catch (TimeoutException)
        {
            Fault ??= $"{_sent.Count} messages were not answered after {Answers}";
        }

        _peer.Dispose();
    }

    private async Task SendAsync()
    {
        var chain = new MessageChain();
        try
        {
            while (!_stop.IsCancellationRequested && Fault is null)
            {
                if (!await _room.WaitAsync(Limits.Step))
                    throw new IOException($"message {chain.Count - MaxUnanswered + 1} was not answered");
                var size = _random.Next(20) == 0 ? _random.Next(_maxBytes) : _random.Next(200);
                var text = _random.Next(2) == 0;
                var message = text ? Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(size))
                    : RandomNumberGenerator.GetBytes(size);
                chain.Add(message);
                _sent.Enqueue((chain.Text, message));
                await _peer.SendAsync(message, text ? WebSocketMessageType.Text : WebSocketMessageType.Binary);
                if (_maxPause > TimeSpan.Zero)
                    await Task.Delay(_maxPause * _random.NextDouble(), _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            for (var i = 0; i < MaxUnanswered && Fault is null; i++)
            {
                if (!await _room.WaitAsync(Limits.Step)) throw new IOException("the last messages were not answered");
            }

            await _peer.CloseAsync();
        }
        catch (Exception e) when (e is IOException or WebSocketException or TimeoutException or ObjectDisposedException)
        {
            Fault ??= $"sending message {chain.Count}: {e.Message}";
        }
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (await _peer.ReceiveAsync() is { } message)
            {
                var words = Encoding.UTF8.GetString(message.Data).Split(' ');
                if (words[0] == "bye") continue; // said by a generation that leaves, while it leaves
                if (!_sent.TryDequeue(out var sent)) throw new IOException($"an answer to nothing: '{words[0]}'");
                if ($"{words[0]} {words.ElementAtOrDefault(1)}" != sent.Chain)
                    throw new IOException($"the server has {words[0]}, other than message {sent.Chain.Split(' ')[0]} of this client");
                _generations[int.Parse(words[2], CultureInfo.InvariantCulture)] = true;
                Volatile.Write(ref _moves, int.Parse(words[3], CultureInfo.InvariantCulture));
                if (long.Parse(words[0], CultureInfo.InvariantCulture) % 5 == 0) await ReceiveEchoAsync(sent.Message);
                Interlocked.Increment(ref _answers);
                _room.Release();
            }

            if (_peer.Closed != WebSocketCloseStatus.NormalClosure) Fault ??= $"closed with {(int?)_peer.Closed} after {Answers} answers";
        }
        catch (Exception e) when (e is IOException or WebSocketException or FormatException or IndexOutOfRangeException
            or ObjectDisposedException)
        {
            Fault ??= $"after {Answers} answers: {e.Message}";
        }

        if (Fault is not null) _room.Release(MaxUnanswered); // the sender is to see it
    }

    private async Task ReceiveEchoAsync(byte[] message)
    {
        var echo = await _peer.ReceiveAsync();
        if (echo is null || !echo.Value.Data.AsSpan().SequenceEqual(message))
            throw new IOException($"the echo of {message.Length} bytes has {echo?.Data.Length} or others");
    }
}
