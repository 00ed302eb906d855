using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ips.Transport.Tests.Transport;

/// <summary>How an endpoint accepts: who connects while others are served must wake no thread.</summary>
public sealed class HandoverListenerTests : IDisposable
{
    private static readonly EndpointKey s_key = new("127.0.0.1:0", 0);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly HandoverConnectionFactory _factory;
    private readonly HandoverListener _listener;
    private readonly Queue<bool> _somebody = new(); // whether one waits when it is looked, look by look
    private readonly List<bool> _looks = []; // whether the looks asked to be told
    private readonly List<Socket> _clients = [];
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public HandoverListenerTests()
    {
        var registry = new ConnectionRegistry();
        _factory = new HandoverConnectionFactory(new SocketTransportOptions(), new Pools(), registry, NullLogger.Instance,
            new HashSet<Type>());
        _listener = new HandoverListener(ActorRefs.Nobody, _factory, registry);
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen();
        _listener.Attach(new ListenerProtocol.Bound(1, s_key, _listening.LocalEndPoint!),
            AcceptedSockets.Of((int)_listening.Handle), Accept);
    }

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _listening.Dispose();
    }

    [Fact]
    public async Task AcceptAsync_NobodyWaits_LooksOnceMoreAndThenAsksToBeTold()
    {
        var accept = AcceptAsync();
        _listener.Ready();
        await EventuallyLooked(2);
        Assert.Equal([false, true], _looks);
        Assert.False(accept.IsCompleted);

        _somebody.Enqueue(true);
        _listener.Ready();
        await using var connection = await accept.WaitAsync(s_patience);
        Assert.Equal([false, true, false], _looks);
    }

    [Fact]
    public async Task AcceptAsync_SomebodyConnectsMeanwhile_IsAcceptedAtTheSecondLookAndNobodyIsAskedToTell()
    {
        foreach (var somebody in new[] { true, false, true }) _somebody.Enqueue(somebody);
        _listener.Ready();
        await using (await AcceptAsync().WaitAsync(s_patience)) Assert.Equal([false], _looks);
        await using (await AcceptAsync().WaitAsync(s_patience)) Assert.Equal([false, false, true], _looks);
    }

    private async Task<ConnectionContext> AcceptAsync() =>
        await _listener.AcceptAsync() ?? throw new InvalidOperationException("It was unbound.");

    private async Task EventuallyLooked(int times)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (Looked() < times)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private int Looked()
    {
        lock (_looks) return _looks.Count;
    }

    private bool Accept(bool wait)
    {
        lock (_looks) _looks.Add(wait);
        if (!_somebody.TryDequeue(out var somebody) || !somebody) return false;
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        client.Connect(_listening.LocalEndPoint!);
        _listener.Deliver(ListeningSockets.AcceptFrom((int)_listening.Handle, out var peer, out _), default, peer);
        return true;
    }

    private sealed class Pools : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) =>
            MemoryPool<byte>.Shared;
    }
}
