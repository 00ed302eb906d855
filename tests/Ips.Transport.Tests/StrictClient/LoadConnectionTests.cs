using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ips.Testing.Load;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>Near and far, on a connection whose close is known to have arrived before the client rests.</summary>
public sealed class LoadConnectionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FarDelay = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(500)]
    public async Task Rest_NearAfterFin_KnowsAtOnce(int restMs)
    {
        await using var pair = await Pair.OpenAsync();
        pair.Arrive(() => pair.Server.Shutdown(SocketShutdown.Send));
        Assert.Equal(Rest.Closed, await pair.Client.RestAsync(TimeSpan.FromMilliseconds(restMs), TimeSpan.Zero, CancellationToken.None));
        Assert.False(pair.Client.WasReset);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Rest_FarWithinTheDelayAfterFin_AsksAndGetsNothing(int restMs)
    {
        await using var pair = await Pair.OpenAsync();
        pair.Arrive(() => pair.Server.Shutdown(SocketShutdown.Send));
        Assert.Equal(Rest.Ready, await pair.Client.RestAsync(TimeSpan.FromMilliseconds(restMs), FarDelay, CancellationToken.None));
        Assert.Equal(FailureKind.EofBeforeResponse, await pair.AskAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Rest_FarWithinTheDelayAfterReset_AsksAndIsReset(int restMs)
    {
        await using var pair = await Pair.OpenAsync();
        pair.Arrive(pair.ResetServer);
        Assert.Equal(Rest.Ready, await pair.Client.RestAsync(TimeSpan.FromMilliseconds(restMs), FarDelay, CancellationToken.None));
        Assert.Equal(FailureKind.Reset, await pair.AskAsync());
    }

    [Fact]
    public async Task Rest_FarLongAfterFin_KnowsAfterTheDelay()
    {
        await using var pair = await Pair.OpenAsync();
        pair.Arrive(() => pair.Server.Shutdown(SocketShutdown.Send));
        var begun = Stopwatch.GetTimestamp();
        Assert.Equal(Rest.Closed, await pair.Client.RestAsync(TimeSpan.FromSeconds(20), FarDelay, CancellationToken.None));
        Assert.InRange(Stopwatch.GetElapsedTime(begun), FarDelay, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Rest_NearAfterReset_KnowsThatItWasOne()
    {
        await using var pair = await Pair.OpenAsync();
        pair.Arrive(pair.ResetServer);
        Assert.Equal(Rest.Closed, await pair.Client.RestAsync(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None));
        Assert.True(pair.Client.WasReset);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(500, 0)]
    [InlineData(0, 10)]
    [InlineData(500, 10)]
    public async Task Rest_BytesArrive_IsMalformedNearAndFar(int restMs, int closeDelayMs)
    {
        await using var pair = await Pair.OpenAsync();
        pair.Arrive(() => pair.Server.Send("HTTP/1.1 200 OK\r\n"u8));
        var fault = await Assert.ThrowsAsync<LoadFaultException>(async () =>
            await pair.Client.RestAsync(TimeSpan.FromMilliseconds(restMs), TimeSpan.FromMilliseconds(closeDelayMs),
                CancellationToken.None));
        Assert.Equal(FailureKind.Malformed, fault.Kind);
    }

    [Fact]
    public async Task Rest_LoadStops_EndsAtOnce()
    {
        await using var pair = await Pair.OpenAsync();
        using var stop = new CancellationTokenSource();
        var rest = pair.Client.RestAsync(TimeSpan.FromHours(1), FarDelay, stop.Token).AsTask();
        Assert.False(rest.IsCompleted);
        await stop.CancelAsync();
        Assert.Equal(Rest.Stopping, await rest.WaitAsync(Limit));
    }

    [Fact]
    public async Task Rest_NothingArrives_LeavesTheConnectionToTheNextRequest()
    {
        await using var pair = await Pair.OpenAsync();
        Assert.Equal(Rest.Ready, await pair.Client.RestAsync(TimeSpan.FromMilliseconds(20), FarDelay, CancellationToken.None));
        var asked = pair.AskAsync();
        var request = new byte[100];
        Assert.True(await pair.Server.ReceiveAsync(request).WaitAsync(Limit) > 0);
        await pair.Server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
        Assert.Null(await asked.WaitAsync(Limit));
    }

    [Fact]
    public async Task Dispose_WhileARestIsPending_LeavesWithAFin()
    {
        await using var pair = await Pair.OpenAsync();
        using var stop = new CancellationTokenSource();
        var rest = pair.Client.RestAsync(TimeSpan.FromHours(1), FarDelay, stop.Token).AsTask();
        await stop.CancelAsync();
        await rest.WaitAsync(Limit);
        await pair.Client.DisposeAsync();
        // A RST would throw here.
        Assert.Equal(0, await pair.Server.ReceiveAsync(new byte[1]).WaitAsync(Limit));
    }

    [Fact]
    public async Task Read_LongerAfterTheLastOneThanTheLimit_IsNotATimeout()
    {
        // Everything has arrived before it is read, so that only the time in between could end in a time-out.
        var timeout = TimeSpan.FromSeconds(1);
        await using var pair = await Pair.OpenAsync(timeout);
        var parser = new HttpMessageParser(HttpMessageKind.Response);
        parser.Begin(new BodyCheck());
        pair.Client.BeginRequest();
        await Task.Delay(timeout * 1.2);
        pair.Arrive(() => pair.Server.Send("HTTP/1.1 200 OK\r\n"u8));
        await pair.Client.ReadResponseAsync(parser, untilBytes: 1);
        await Task.Delay(timeout * 1.2);
        pair.Arrive(() => pair.Server.Send("Content-Length: 0\r\n\r\n"u8));
        await pair.Client.ReadResponseAsync(parser);
        Assert.True(parser.IsComplete);
    }

    private sealed class Pair(Socket listener, LoadConnection client, Socket server) : IAsyncDisposable
    {
        public LoadConnection Client { get; } = client;

        public Socket Server { get; } = server;

        public static async Task<Pair> OpenAsync(TimeSpan? timeout = null)
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            var target = LoadTarget.Tcp((IPEndPoint)listener.LocalEndPoint!);
            var client = await LoadConnection.OpenAsync(target, new byte[4096], timeout ?? Limit, CancellationToken.None);
            return new Pair(listener, client, await listener.AcceptAsync().WaitAsync(Limit));
        }

        /// <summary>Sends something to the client and returns once its socket has it.</summary>
        public void Arrive(Action send)
        {
            send();
            Assert.True(SpinWait.SpinUntil(() => Client.HasArrived, Limit));
        }

        public void ResetServer()
        {
            Server.LingerState = new LingerOption(enable: true, seconds: 0);
            Server.Close();
        }

        public async Task<FailureKind?> AskAsync()
        {
            var parser = new HttpMessageParser(HttpMessageKind.Response);
            parser.Begin(new BodyCheck());
            Client.BeginRequest();
            await Client.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
            try
            {
                await Client.ReadResponseAsync(parser);
                return null;
            }
            catch (LoadFaultException fault)
            {
                return fault.Kind;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            Server.Dispose();
            listener.Dispose();
        }
    }
}
