using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Transport;

/// <summary>
/// Makes connections out of accepted sockets, and owns what they share: memory pools, I/O queues, senders. One for a process; dispose it
/// when all connections have ended.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class HandoverConnectionFactory : IDisposable
{
    private readonly Lane[] _lanes;
    private readonly SocketTransportOptions _options;
    private readonly ConnectionRegistry _registry;
    private readonly ConnectionRegistry _warmups = new(); // nobody waits for them, moves them or counts their requests
    private readonly ILogger _logger;
    private uint _next;

    /// <param name="options">The options of Kestrel's socket transport, so that an app's <c>UseSockets(...)</c> holds here too. Read:
    /// IOQueueCount, MaxReadBufferSize, MaxWriteBufferSize, NoDelay, UnsafePreferInlineScheduling,
    /// WaitForDataBeforeAllocatingBuffer.</param>
    /// <param name="pools">Kestrel's own factory of pinned pools is the one to pass.</param>
    /// <param name="registry">Gets each connection while it is open.</param>
    /// <param name="logger">Debug messages about single connections.</param>
    /// <param name="movable">The features that the app sets and does without after a move.</param>
    public HandoverConnectionFactory(
        SocketTransportOptions options, IMemoryPoolFactory<byte> pools, ConnectionRegistry registry, ILogger logger,
        IReadOnlySet<Type> movable)
    {
        (_options, _registry, _logger) = (options, registry, logger);
        _lanes = new Lane[Math.Max(options.IOQueueCount, 1)];
        for (var i = 0; i < _lanes.Length; i++)
            _lanes[i] = Lane.Create(options, pools, movable);
    }

    /// <summary>Takes over the socket of a connection that was accepted, or moved here; its connection runs when this returns.</summary>
    /// <param name="socket">The socket. Owned by the connection from now on.</param>
    /// <param name="leftover">What was received of it before it moved; Kestrel reads it first.</param>
    /// <param name="origin">The listening socket that it came by.</param>
    /// <param name="upgrade">What travelled with it, if it is upgraded.</param>
    public HandoverConnection Create(
        Socket socket, ReadOnlyMemory<byte> leftover = default, EndpointKey? origin = null, UpgradeParcel? upgrade = null)
    {
        if (socket.LocalEndPoint is IPEndPoint) socket.NoDelay = _options.NoDelay;
        var connection = new HandoverConnection(socket, leftover, NextLane(), _options.WaitForDataBeforeAllocatingBuffer, _registry,
            _logger)
        { Origin = origin ?? EndpointKey.None };
        if (upgrade is not null) connection.BeginReplay(upgrade);
        Start(connection);
        return connection;
    }

    /// <summary>The server's end of a warm-up connection. It runs as any other, so that their code is warm, but is none that moves or is
    /// counted.</summary>
    /// <param name="socket">One of a connected pair. Owned by the connection from now on.</param>
    /// <param name="localEndPoint">The endpoint that the app sees as the one that was connected to.</param>
    public HandoverConnection CreateWarmup(Socket socket, EndPoint localEndPoint)
    {
        var connection = new HandoverConnection(socket, default, NextLane(), _options.WaitForDataBeforeAllocatingBuffer, _warmups, _logger);
        connection.MarkWarmup(localEndPoint);
        Start(connection);
        return connection;
    }

    public void Dispose()
    {
        foreach (var lane in _lanes)
            lane.Dispose();
    }

    private static void Start(HandoverConnection connection)
    {
        connection.Start();
        EpollRegistration.Prepare(); // the first one waits now
    }

    private Lane NextLane() => _lanes[Interlocked.Increment(ref _next) % (uint)_lanes.Length];

    /// <summary>What some of the connections share.</summary>
    internal sealed record Lane(
        MemoryPool<byte> Pool, PipeOptions Input, PipeOptions Output, SocketSenderPool Senders, IReadOnlySet<Type> MovableFeatures)
            : IDisposable
    {
        public static Lane Create(SocketTransportOptions options, IMemoryPoolFactory<byte> pools, IReadOnlySet<Type> movable)
        {
            // The app's code never runs on an I/O queue, where it would hold up other connections, unless the app asks for that.
            var inline = options.UnsafePreferInlineScheduling;
            PipeScheduler app = inline ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
            PipeScheduler io = inline ? PipeScheduler.Inline : options.IOQueueCount > 0 ? new IoQueue() : PipeScheduler.ThreadPool;
            var (read, write) = (options.MaxReadBufferSize ?? 0, options.MaxWriteBufferSize ?? 0); // 0 is "no limit", there and here
            var pool = pools.Create(new MemoryPoolOptions { Owner = "kestrel" }); // the name under which Kestrel's metrics show its pools
            return new Lane(
                pool,
                new PipeOptions(pool, app, io, read, read / 2, useSynchronizationContext: false),
                new PipeOptions(pool, io, app, write, write / 2, useSynchronizationContext: false),
                new SocketSenderPool(),
                movable);
        }

        public void Dispose()
        {
            Senders.Dispose();
            Pool.Dispose();
        }
    }
}

/// <summary>Short ids for logs: unique in this process, and hardly ever the same in two processes.</summary>
internal static class ConnectionIds
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV"; // sorts as it counts

    // Seeded by the clock, so that a successor does not start where its predecessor did.
    private static long s_last = DateTime.UtcNow.Ticks;

    public static string Next() => string.Create(13, Interlocked.Increment(ref s_last), static (text, number) =>
    {
        for (var i = text.Length - 1; i >= 0; i--, number >>= 5)
            text[i] = Digits[(int)(number & 31)];
    });
}
