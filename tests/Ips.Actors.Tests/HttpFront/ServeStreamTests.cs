using Ips.Actors.Configuration;
using Ips.Actors.HttpFront;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>The end of the HTTP/2 stream that is held while its client learns of the close.</summary>
public sealed class ServeStreamTests
{
    private static readonly DrainOptions s_drain = new();

    private readonly FakeTimeProvider _time = new();
    private readonly StreamHold _streams = new();
    private readonly StartedResponse _response = new();

    [Fact]
    public async Task ServeStream_Answered_IsFlushedAndHeldForThePause()
    {
        await ServeAsync(HttpMethods.Get);
        Assert.True(_response.Flushed);
    }

    // A WebSocket over HTTP/2, say: Kestrel throws if the body of a CONNECT that was accepted is flushed.
    [Fact]
    public async Task ServeStream_AcceptedConnect_IsHeldForThePauseAsWell()
    {
        _response.HasNoBody = true;
        await ServeAsync(HttpMethods.Connect);
    }

    /// <summary>Serves a stream that runs when the close is announced, and looks whether it ends after the pause.</summary>
    private async Task ServeAsync(string method)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseFeature>(_response);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_response.Sent));
        context.Request.Method = method;
        var close = new PoliteClose(new FrontState(), new ConnectionRegistry(), s_drain, _time, NullLogger.Instance);
        var serving = close.ServeStreamAsync(context, connection: null!, _streams, _ =>
        {
            Assert.True(_streams.TryAnnounce(_time.GetTimestamp()));
            return Task.CompletedTask;
        });
        Assert.False(serving.IsCompleted);
        _time.Advance(s_drain.H2Pause);
        await serving.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(_streams.TryAnnounce(_time.GetTimestamp())); // none runs any more
    }

    /// <summary>A response that has begun, and notes a flush.</summary>
    private sealed class StartedResponse : HttpResponseFeature
    {
        public StartedResponse() => Sent = new SentBody(this);

        public override bool HasStarted => true;

        public bool HasNoBody { get; set; }

        public bool Flushed { get; private set; }

        public Stream Sent { get; }

        private sealed class SentBody(StartedResponse response) : MemoryStream
        {
            public override Task FlushAsync(CancellationToken cancellationToken)
            {
                if (response.HasNoBody) throw new InvalidOperationException(
                    "Responses to 'CONNECT' requests with the success status code '200' cannot have a response body.");
                response.Flushed = true;
                return Task.CompletedTask;
            }
        }
    }
}
