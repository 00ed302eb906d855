using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>What HttpFrontActor works on, without Kestrel.</summary>
internal static class FrontFixture
{
    public static GenerationContext Generation { get; } =
        new() { Number = 7, StartCommand = new StartCommand("/srv/app", ["/srv/app"], "/srv", new Dictionary<string, string>()) };

    public static GenerationRole Role(TimeProvider? time = null) =>
        new(Generation, NullLogger<GenerationRole>.Instance) { Time = time ?? new FakeTimeProvider() };
}

/// <summary>A warm-up whose outcome is the test's.</summary>
internal sealed class FakeWarmup : IWarmup
{
    public Func<CancellationToken, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

    public Task<string?> WarmAsync(CancellationToken cancellationToken) => Answer(cancellationToken);
}

/// <summary>An app whose health is the test's.</summary>
internal sealed class FakeHealth : IHealthProbe
{
    public Func<CancellationToken, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

    /// <summary>Checks that fail by name, beside that.</summary>
    public IReadOnlyDictionary<string, string> Failing { get; set; } = new Dictionary<string, string>();

    public async Task<ProbeResult> CheckAsync(CancellationToken cancellationToken) => new(await Answer(cancellationToken), Failing);
}

/// <summary>Real connections over loopback, served by nobody but the test.</summary>
internal sealed class OpenConnections : IDisposable
{
    private readonly HandoverConnectionFactory _factory;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Served> _open = [];

    public OpenConnections(ConnectionRegistry registry)
    {
        _factory = new HandoverConnectionFactory(
            new SocketTransportOptions(), new Pools(), registry, NullLogger<HandoverConnectionFactory>.Instance, new HashSet<Type>());
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    /// <summary>A connection with so many requests running, and its client.</summary>
    public Served Open(int requests = 0, EndpointKey? origin = null)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(_listener.LocalEndPoint!);
        var served = new Served(_factory.Create(_listener.Accept(), origin: origin), client, requests);
        _open.Add(served);
        if (requests > 0)
        {
            client.Send("x"u8);
            Assert.True(served.RequestsBegan.Wait(TimeSpan.FromSeconds(20)), "the request did not arrive");
        }

        return served;
    }

    public void Dispose()
    {
        foreach (var served in _open)
        {
            served.Client.Dispose();
            served.EndAsync().Wait(TimeSpan.FromSeconds(20));
        }

        _factory.Dispose();
        _listener.Dispose();
    }

    private sealed class Pools : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
    }
}

/// <summary>One connection, read as Kestrel does: not while a request without a body runs.</summary>
internal sealed class Served
{
    private readonly List<Ending> _requests = [];
    private readonly TaskCompletionSource _requestsBegan = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _requestsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _ending;

    /// <param name="connection">The server's end.</param>
    /// <param name="client">The client's end.</param>
    /// <param name="requests">How many requests begin when the first byte arrives.</param>
    public Served(HandoverConnection connection, Socket client, int requests)
    {
        (Connection, Client) = (connection, client);
        _ = RunAsync(requests);
    }

    public Task RequestsBegan => _requestsBegan.Task;

    public HandoverConnection Connection { get; }

    public Socket Client { get; }

    private void BeginRequest()
    {
        var context = new DefaultHttpContext();
        context.Request.Protocol = HttpProtocol.Http11;
        var ending = new Ending();
        context.Features.Set<Microsoft.AspNetCore.Http.Features.IHttpResponseFeature>(ending);
        context.Features.Set<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>(ending);
        Connection.RequestStarted(context.Features);
        _requests.Add(ending);
    }

    public async Task EndRequestAsync()
    {
        await _requests[^1].RunAsync();
        _requests.RemoveAt(_requests.Count - 1);
        if (_requests.Count == 0)
        {
            _requestsEnded.TrySetResult();
        }
    }

    /// <summary>The server closes.</summary>
    public Task EndAsync()
    {
        _ending = true;
        _requestsEnded.TrySetResult();
        if (!_ended.Task.IsCompleted)
        {
            Connection.Transport.Input.CancelPendingRead();
        }

        return _ended.Task;
    }

    private async Task RunAsync(int requests)
    {
        try
        {
            var input = Connection.Transport.Input;
            while (!_ending && await input.ReadAsync() is { IsCompleted: false, IsCanceled: false } read)
            {
                input.AdvanceTo(read.Buffer.End);
                for (; requests > 0; requests--)
                {
                    BeginRequest();
                }

                if (_requests.Count > 0)
                {
                    _requestsBegan.TrySetResult();
                    await _requestsEnded.Task;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // reset or aborted: an end as well
        }

        await Connection.DisposeAsync();
        _ended.TrySetResult();
    }

    // A response whose end the test brings about, of a request without a body.
    private sealed class Ending : Microsoft.AspNetCore.Http.Features.HttpResponseFeature,
        Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature
    {
        private readonly List<(Func<object, Task> Callback, object State)> _completed = [];

        public bool CanHaveBody => false;

        public override void OnCompleted(Func<object, Task> callback, object state) => _completed.Add((callback, state));

        public async Task RunAsync()
        {
            foreach (var (callback, state) in _completed)
            {
                await callback(state);
            }
        }
    }
}
