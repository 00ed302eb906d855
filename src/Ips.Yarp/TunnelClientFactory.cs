using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Ips.Yarp;

/// <summary>Makes YARP's clients as the app's factory does, and knows the connection that each WebSocket is passed on by.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TunnelClientFactory : ForwarderHttpClientFactory
{
    // What a factory that is derived from YARP's may override. Protected members, so they stay; C# lets no sibling call them.
    private readonly Func<ForwarderHttpClientContext, bool> _canReuse;
    private readonly Action<ForwarderHttpClientContext, SocketsHttpHandler> _configure;
    private readonly Func<ForwarderHttpClientContext, HttpMessageHandler, HttpMessageHandler> _wrap;

    /// <param name="inner">The app's, or YARP's own.</param>
    /// <param name="log">Of YARP.</param>
    public TunnelClientFactory(ForwarderHttpClientFactory inner, ILogger<ForwarderHttpClientFactory> log)
        : base(log)
    {
        _canReuse = Of<Func<ForwarderHttpClientContext, bool>>(nameof(CanReuseOldClient));
        _configure = Of<Action<ForwarderHttpClientContext, SocketsHttpHandler>>(nameof(ConfigureHandler));
        _wrap = Of<Func<ForwarderHttpClientContext, HttpMessageHandler, HttpMessageHandler>>(nameof(WrapHandler));

        TDelegate Of<TDelegate>(string name) where TDelegate : Delegate => typeof(ForwarderHttpClientFactory)
            .GetMethod(name, BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<TDelegate>(inner);
    }

    /// <summary>As the app's does.</summary>
    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) => _canReuse(context);

    /// <summary>As the app's does, with our connections.</summary>
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        _configure(context, handler);
        var own = handler.ConnectCallback ?? ConnectAsync;
        handler.ConnectCallback = async (connection, cancellationToken) =>
        {
            var stream = await own(connection, cancellationToken).ConfigureAwait(false);
            // One that is derived from it may do with the bytes what it wants.
            return stream.GetType() == typeof(NetworkStream) ? new BackendStream((NetworkStream)stream) : stream;
        };
    }

    /// <summary>As the app's does, over our handler: the app's own see the answer to a replay as any other.</summary>
    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        _wrap(context, new TunnelHandler { InnerHandler = handler });

    // As SocketsHttpHandler does without a callback.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
