using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Listener;

/// <summary>The path of a Unix socket goes with the last who listens there, and not before.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class ListenerSocketPathTests : ListenerActorTest
{
    [Fact]
    public async Task Unbind_UnixSocket_RemovesItsPathUnlessAnotherTookIt()
    {
        var (ours, replaced) = (_folder.File("a.sock"), _folder.File("b.sock"));
        var first = await BindAsync(new UnixDomainSocketEndPoint(ours));
        var second = await BindAsync(new UnixDomainSocketEndPoint(replaced));
        File.Delete(replaced);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(replaced));
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(first.Id), Patience);
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(second.Id), Patience);
        Assert.False(File.Exists(ours));
        Assert.True(File.Exists(replaced));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Release_UnixSocket_KeepsItsPathOnlyForASuccessor(bool handedOver)
    {
        var path = _folder.File("a.sock");
        await BindAsync(new UnixDomainSocketEndPoint(path));
        var ofSuccessor = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        _listener.Tell(new ListenerOrder.ReleaseListeners(handedOver));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        Assert.Equal(handedOver, File.Exists(path));
        Assert.Empty(_table.Entries);
        CloseAll(ofSuccessor);
        _listener.Tell(new ListenerProtocol.PredecessorEnded());
        await RoundTrip(_listener);
        Assert.False(File.Exists(path), "The path outlived the last who listened there.");
        _listener.Tell(new ListenerOrder.ReleaseListeners(handedOver)); // asked again after a restart: answered again
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
    }

    [Fact]
    public async Task Pinned_Promoted_LeavesThePathOfADroppedEndpointToTheSuccessor()
    {
        var path = _folder.File("a.sock");
        var bound = await BindAsync(new UnixDomainSocketEndPoint(path));
        var ofSuccessor = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience);
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: true));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        Assert.True(File.Exists(path));
        CloseAll(ofSuccessor);
    }
}
