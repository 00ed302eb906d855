using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Actors.HttpFront;

/// <summary>
/// Lets the clients of SignalR take leave by SignalR's own protocol: a close message that allows to reconnect, between two invocations. The
/// outermost filter of every hub.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class HubFarewell(PoliteClose close, TimeProvider time, TimeSpan patience) : IHubFilter
{
    /// <summary>The filter runs before an invocation's result is written, and a close before that would lose it.</summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50);

    /// <summary>A transport without a connection of its own has its last answer under way when the hub has let go.</summary>
    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(1);

    /// <summary>Adds the filter to an app that has hubs; nothing is made in others.</summary>
    public static void Register(IServiceCollection services) => services.AddOptions<HubOptions>()
        .Configure<PoliteClose>((hubs, close) => hubs.AddFilter(new HubFarewell(close, TimeProvider.System, close.HubPatience)));

    /// <summary>Whether a client of SignalR was just given the id of a connection that it is about to make.</summary>
    public static bool IsNegotiated(HttpContext context) => context.Response.StatusCode == StatusCodes.Status200OK
        && HttpMethods.IsPost(context.Request.Method)
        && context.GetEndpoint()?.Metadata.GetMetadata<NegotiateMetadata>() is not null;

    /// <inheritdoc/>
    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        if (context.Context.Features.Get<IConnectionLifetimeNotificationFeature>() is not { } notification)
        {
            await next(context).ConfigureAwait(false); // not a connection of this server, such as one of a service in the cloud
            return;
        }

        var guest = new HubGuest(context.Context, notification, time, patience);
        guest.Running.Add();
        guest.Registration = close.WhenLeaving(guest);
        context.Context.Features.Set(guest);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch
        {
            guest.Registration.Dispose(); // it is refused: OnDisconnectedAsync is not called
            throw;
        }
        finally
        {
            guest.Running.Remove();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext,
        Func<HubInvocationContext, ValueTask<object?>> next)
    {
        if (invocationContext.Context.Features.Get<HubGuest>() is not { } guest) return await next(invocationContext).ConfigureAwait(false);
        guest.InvocationBegins();
        try
        {
            return await next(invocationContext).ConfigureAwait(false);
        }
        finally
        {
            guest.Running.Remove();
        }
    }

    /// <inheritdoc/>
    public async Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception,
        Func<HubLifetimeContext, Exception?, Task> next)
    {
        try
        {
            await next(context, exception).ConfigureAwait(false);
        }
        finally
        {
            if (context.Context.Features.Get<HubGuest>() is { } guest) _ = GoAsync(guest);
        }
    }

    private async Task GoAsync(HubGuest guest)
    {
        if (guest.AtOnce) await Task.Delay(LastAnswer, time).ConfigureAwait(false); // a WebSocket is a guest itself, and ends by itself
        guest.Registration.Dispose();
    }

    /// <summary>One connection of a hub.</summary>
    internal sealed class HubGuest(HubCallerContext context, IConnectionLifetimeNotificationFeature notification, TimeProvider time,
        TimeSpan patience) : IGuest
    {
        private int _begun;

        public Tally Running { get; } = new();

        public IDisposable Registration { get; set; } = null!;

        public string ConnectionId => context.ConnectionId;

        // Its requests are connections that move, and the next one would meet a generation that does not know it.
        public bool AtOnce { get; } =
            context.Features.Get<IHttpTransportFeature>() is { TransportType: not HttpTransportType.WebSockets };

        public UnmovableReason StayReason => UnmovableReason.Upgraded;

        public void InvocationBegins()
        {
            Interlocked.Increment(ref _begun);
            Running.Add();
        }

        public async Task<bool> LeaveAsync(CancellationToken gone)
        {
            var since = time.GetTimestamp();
            while (true)
            {
                await Running.WhenNone().WaitAsync(gone).ConfigureAwait(false);
                var begun = Volatile.Read(ref _begun);
                if (time.GetElapsedTime(since) >= patience) break; // it calls again and again: there is no good moment
                await Task.Delay(Quiet, time, gone).ConfigureAwait(false);
                if (Running.Count == 0 && Volatile.Read(ref _begun) == begun) break;
            }

            notification.RequestClose();
            return true;
        }

        public void Abort() => context.Abort();
    }
}
