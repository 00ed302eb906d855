using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Listener;

/// <summary>Endpoints are bound, accepted on when told, and unbound.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class ListenerActorTests : ListenerActorTest
{
    [Fact]
    public async Task Bind_Port0_TellsTheRealPortAndAcceptsOnlyWhenTold()
    {
        var bound = await BindAsync(AnyPort);
        Assert.NotEqual(0, ((IPEndPoint)bound.EndPoint).Port);
        using var client = Connect(bound.EndPoint);
        await RoundTrip(_listener);
        Assert.Empty(_accepted);
        _listener.Tell(new ListenerOrder.StartAccepting());
        FileDescriptors.Close(TakeAccepted());
    }

    [Fact]
    public async Task Bind_PortInUse_FailsWithErrno()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(AnyPort);
        other.Listen();
        var failed = await _listener.Ask<ListenerProtocol.BindFailed>(Bind(other.LocalEndPoint!), Patience);
        Assert.Equal(Errno.EADDRINUSE, Assert.IsType<PosixException>(failed.Error).Errno);
    }

    [Fact]
    public async Task Bind_EndpointOfAnotherKind_Fails()
    {
        var failed = await _listener.Ask<ListenerProtocol.BindFailed>(Bind(new DnsEndPoint("localhost", 80)), Patience);
        Assert.IsType<NotSupportedException>(failed.Error);
    }

    [Fact]
    public async Task Bind_Endpoint_IsAttachedBeforeAnythingIsDelivered()
    {
        var bound = await BindAsync(AnyPort);
        Assert.Equal(bound, Assert.Single(_attached));
        Assert.Equal(new EndpointKey("127.0.0.1:0", 0), bound.Key);
    }

    [Fact]
    public async Task Quiesce_ConnectionsComeMeanwhile_WaitForResume()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.StartAccepting());
        _listener.Tell(new ListenerOrder.QuiesceAccepting());
        await RoundTrip(_listener);
        using var client = Connect(bound.EndPoint);
        Assert.Empty(_accepted);
        _listener.Tell(new ListenerOrder.QuiesceAccepting()); // asked again after a restart
        await RoundTrip(_listener);
        _listener.Tell(new ListenerOrder.StartAccepting());
        FileDescriptors.Close(TakeAccepted());
        Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.AcceptingQuiesced);
    }

    [Fact]
    [Trait("issue", "16")]
    public async Task MainOnly_Accepts_OnlyWhileThisIsTheMainProcess()
    {
        var port = ((IPEndPoint)(await BindAsync(AnyPort)).EndPoint).Port;
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: false));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        var (listener, table) = Start([], $"http://127.0.0.1:{port}");
        var ordinary = await BindAsync(AnyPort, listener);
        var mainOnly = await BindAsync(new IPEndPoint(IPAddress.Loopback, port), listener);
        listener.Tell(new ListenerOrder.StartAccepting());
        using var scraper = Connect(mainOnly.EndPoint);
        using var client = Connect(ordinary.EndPoint);
        FileDescriptors.Close(TakeAccepted());
        Assert.Empty(_accepted); // the scraper waits in the kernel's queue

        table.AcceptAsMain(true);
        FileDescriptors.Close(TakeAccepted());
        listener.Tell(new ListenerOrder.QuiesceAccepting());
        await RoundTrip(listener);
        using var second = Connect(mainOnly.EndPoint);
        FileDescriptors.Close(TakeAccepted()); // a successor is on probation: this is still the main process

        table.AcceptAsMain(false);
        using var third = Connect(mainOnly.EndPoint);
        await RoundTrip(listener);
        Assert.Empty(_accepted);
    }

    [Fact]
    [Trait("issue", "16")]
    public async Task MainOnly_ServiceManagerPassedOtherSockets_IsOpenedAllTheSame()
    {
        var port = ((IPEndPoint)(await BindAsync(AnyPort)).EndPoint).Port;
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: false));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        var (listener, table) = Start([], $"http://127.0.0.1:{port}");
        table.Passed = Ips.Actors.Launch.SocketActivation.Take([]);
        await BindAsync(new IPEndPoint(IPAddress.Loopback, port), listener);
        var refused = await listener.Ask<ListenerProtocol.BindFailed>(Bind(AnyPort), Patience);
        Assert.IsType<Ips.Actors.Launch.SocketActivationException>(refused.Error); // any other one would be nobody's to reach
    }

    // As Kestrel does when a certificate has changed, or it thinks so; the predecessor listens there too, so a new socket could not be
    // opened.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Unbind_BoundAgain_IsTheSameSocketAndWhoWaitsIsAccepted(bool adopted)
    {
        var (listener, bound) = (_listener, await BindAsync(AnyPort));
        if (adopted)
        {
            listener = Start((await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience)).Sockets).Actor;
            bound = await BindAsync(AnyPort, listener);
        }
        else
        {
            listener.Tell(new ListenerOrder.StartAccepting());
        }

        await listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience);
        using var client = Connect(bound.EndPoint); // neither refused nor delivered to nobody
        Assert.Equal(bound.EndPoint, (await BindAsync(AnyPort, listener)).EndPoint);
        listener.Tell(new ListenerOrder.StartAccepting());
        FileDescriptors.Close(TakeAccepted());
        Clock.Advance(ListenerActor.RebindTimeout);
        await RoundTrip(listener);
        using var late = Connect(bound.EndPoint);
        FileDescriptors.Close(TakeAccepted());
    }

    [Fact]
    public async Task Close_ConnectionJustAccepted_StillReachesItsEndpoint()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.StartAccepting());
        await RoundTrip(_listener);
        using var client = Connect(bound.EndPoint);
        var fd = TakeAccepted();
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience);
        FileDescriptors.WriteAll(fd, "still here"u8);
        FileDescriptors.Close(fd);
        var buffer = new byte[32];
        Assert.Equal(10, client.Receive(buffer));
        Clock.Advance(ListenerActor.RebindTimeout);
        await RoundTrip(_listener);
        Assert.Throws<SocketException>(() => Connect(bound.EndPoint));
    }

    [Fact]
    public async Task Killed_SocketsAndAcceptingAndWhatWaits_Survive()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.StartAccepting());
        CloseAll(await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience));
        var binding = _listener.Ask<ListenerProtocol.Bound>(Bind(AnyPort), Patience); // stashed
        await RoundTrip(_listener);
        for (var i = 0; i < 3; i++)
        {
            _listener.Tell(Kill.Instance);
            using var client = Connect(bound.EndPoint);
            FileDescriptors.Close(TakeAccepted());
        }

        await RoundTrip(_listener);
        Assert.True(_table.Pinned);
        _listener.Tell(new ListenerOrder.HandoverEnded());
        using var late = Connect((await binding).EndPoint);
        FileDescriptors.Close(TakeAccepted());
    }
}
