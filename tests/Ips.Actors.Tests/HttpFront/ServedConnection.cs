using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Listener;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>A real loopback connection with a small stand-in for Kestrel: it reads to the end of the input, and then lets the connection go.</summary>
internal sealed class ServedConnection : IAsyncDisposable
{
    private readonly Stack<(Func<object, Task> Callback, object State)> _running = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _held;

    private ServedConnection(Socket client, HandoverConnection connection)
    {
        (Client, Connection) = (client, connection);
        Ended = ServeAsync();
    }

    /// <summary>The client's end.</summary>
    public Socket Client { get; }

    public HandoverConnection Connection { get; }

    /// <summary>Completes when the stand-in has let the connection go.</summary>
    public Task Ended { get; }

    /// <param name="registry">Counts it.</param>
    /// <param name="requests">Requests that run; more than one is HTTP/2.</param>
    /// <param name="origin">The endpoint that it came by.</param>
    /// <param name="held">It is not let go before <see cref="Release"/>, as one whose app does not return.</param>
    public static ServedConnection Open(ConnectionRegistry registry, int requests = 0, EndpointKey origin = default, bool held = false)
    {
        var (client, server) = Pair();
        var factory = new HandoverConnectionFactory(
            new SocketTransportOptions { IOQueueCount = 1 }, new SharedPools(), registry, NullLogger<HandoverConnectionFactory>.Instance);
        var opened = new ServedConnection(client, factory.Create(server, origin: origin)) { _held = held };
        for (var i = 0; i < requests; i++)
        {
            opened.BeginRequest(requests > 1 ? "HTTP/2" : "HTTP/1.1");
        }

        return opened;
    }

    /// <summary>Two ends of one TCP connection.</summary>
    public static (Socket Client, Socket Server) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        return (client, listener.Accept());
    }

    /// <summary>A request's headers were read.</summary>
    public void BeginRequest(string protocol = "HTTP/1.1")
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Protocol = protocol });
        features.Set<IHttpResponseFeature>(new CompletedByTest(_running));
        features.Set<IHttpRequestBodyDetectionFeature>(new NoBody());
        Connection.RequestStarted(features);
    }

    /// <summary>The response of the newest request has ended.</summary>
    public async Task EndRequestAsync()
    {
        var (callback, state) = _running.Pop();
        await callback(state);
    }

    /// <summary>Lets a held connection go.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>Ends it from the client's side.</summary>
    public async ValueTask DisposeAsync()
    {
        Release();
        Client.Dispose();
        await Ended;
    }

    private async Task ServeAsync()
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                var read = await Connection.Transport.Input.ReadAsync();
                Connection.Transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (ConnectionAbortedException)
        {
            // as Kestrel: an end like any other
        }
        catch (ConnectionResetException)
        {
        }

        if (_held)
        {
            await _released.Task;
        }

        await Connection.DisposeAsync();
    }

    private sealed class SharedPools : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
    }

    private sealed class CompletedByTest(Stack<(Func<object, Task> Callback, object State)> callbacks) : HttpResponseFeature
    {
        public override void OnCompleted(Func<object, Task> callback, object state) => callbacks.Push((callback, state));
    }

    private sealed class NoBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => false;
    }
}
