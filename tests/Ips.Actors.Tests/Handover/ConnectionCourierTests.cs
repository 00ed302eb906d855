using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Handover;

/// <summary>What the sender of connections keeps, until the receiver has them.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class ConnectionCourierTests : ActorTest
{
    [Fact]
    public async Task Send_WhileSomeAreOnTheirWay_WaitsForAFullPacketOrAnAcknowledgement()
    {
        var receiver = CreateTestProbe();
        var courier = new ConnectionCourier(new FakeSuccessor(1, receiver.Ref));
        for (var packet = 0; packet < ConnectionCourier.MaxPartialPackets; packet++)
        {
            courier.Send(Connections(1));
            Assert.Equal(1, await PacketAsync()); // few are on their way: at once
        }

        courier.Send(Connections(5));
        courier.Send(Connections(58));
        Assert.False(receiver.HasMessages);
        courier.Send(Connections(1));
        Assert.Equal(64, await PacketAsync()); // full
        courier.Send(Connections(3));
        Assert.Equal(1, courier.Acknowledge(1));
        Assert.False(receiver.HasMessages);
        Assert.Equal(1, courier.Acknowledge(1));
        Assert.Equal(3, await PacketAsync());
        Assert.True(courier.HasSentAll);
        Assert.Equal(69, courier.Acknowledge(69));
        Assert.True(courier.IsIdle);

        async Task<int> PacketAsync() =>
            Assert.IsType<ConnectionsFrame>((await receiver.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).Connections.Count;
    }

    [Fact]
    public void Decline_APacketAndThoseThatWait_AreTheCallersAgain()
    {
        var courier = new ConnectionCourier(new FakeSuccessor(1, CreateTestProbe().Ref));
        var connections = Connections(300);
        courier.Send(connections); // 4 packets of 64, and 44 wait: 256 may be on their way

        var declined = courier.Decline(2);
        Assert.Equal([.. connections[64..128], .. connections[256..]], declined);
        Assert.All(declined, connection => Assert.True(FileDescriptors.IsOpen(connection.Fd)));

        // What was sent behind it may have arrived: by its own place, whatever came of the packet before.
        Assert.Equal(64, courier.Acknowledge(64));
        Assert.All(connections[..64], connection => Assert.False(FileDescriptors.IsOpen(connection.Fd)));
        Assert.Equal(connections[128..192], courier.Decline(3));
        Assert.Empty(courier.Decline(3)); // told twice
        Assert.False(courier.IsIdle);
        Assert.Equal(64, courier.Acknowledge(100)); // more than there are
        Assert.All(connections[192..256], connection => Assert.False(FileDescriptors.IsOpen(connection.Fd)));
        Assert.True(courier.IsIdle);
        foreach (var connection in connections.Where(connection => FileDescriptors.IsOpen(connection.Fd))) FileDescriptors
            .Close(connection.Fd);
    }

    // Who acknowledges before it reads has read from none of these: a dead peer's are the caller's again, and only what a live one was sent
    // is not.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Recall_ChannelHasEnded_GivesBackWhatNobodyElseReads(bool peerLives)
    {
        var courier = new ConnectionCourier(new FakeSuccessor(1, CreateTestProbe().Ref));
        var connections = Connections(400);
        courier.Send(connections);
        courier.Acknowledge(64);
        if (peerLives) Assert.Equal(ConnectionCourier.MaxInFlight, courier.Break());

        var recalled = courier.Recall();
        Assert.Equal(connections[(peerLives ? 64 + ConnectionCourier.MaxInFlight : 64)..], recalled);
        Assert.All(connections.Except(recalled), connection => Assert.False(FileDescriptors.IsOpen(connection.Fd)));
        Assert.True(courier is { IsBroken: true, IsIdle: true });
        foreach (var connection in recalled) FileDescriptors.Close(connection.Fd);
    }

    // Each of a packet is of one kind; the memory is the receiver's alone once the packet is sent.
    [Fact]
    public async Task Send_UpgradedAmongOthers_TravelWithTheirMemoryInTheirOrder()
    {
        var receiver = CreateTestProbe();
        var courier = new ConnectionCourier(new FakeSuccessor(1, receiver.Ref));
        var parcel = new UpgradeParcel([1], new UpgradeAnswer("", "", ""), [], default, default, null);
        List<MovedConnection> connections =
            [.. Connections(2), .. Connections(35).ConvertAll(connection => connection with { Upgrade = parcel }), .. Connections(1)];
        courier.Send(connections);

        Assert.Equal(2, Assert.IsType<ConnectionsFrame>((await SentAsync()).Frame).Connections.Count);
        var (upgraded, fds) = await SentAsync();
        Assert.Equal(32, Assert.IsType<UpgradedFrame>(upgraded).Connections.Count);
        Assert.Equal(connections.Skip(2).Take(32).Select(connection => connection.Fd), fds.Where((_, i) => i % 2 == 0));
        Assert.All(fds.Where((_, i) => i % 2 == 1), memory => Assert.False(FileDescriptors.IsOpen(memory)));
        Assert.Equal(3, Assert.IsType<UpgradedFrame>((await SentAsync()).Frame).Connections.Count);
        Assert.IsType<ConnectionsFrame>((await SentAsync()).Frame);
        Assert.Equal(38, courier.Acknowledge(38));
        Assert.All(connections, connection => Assert.False(FileDescriptors.IsOpen(connection.Fd)));

        async Task<(HandoverFrame Frame, IReadOnlyList<int> Fds)> SentAsync()
        {
            var sent = await receiver.ExpectMsgAsync<FakeSuccessor.Sent>();
            return (sent.Frame, sent.Fds);
        }
    }

    // Three descriptors for each, and 64 for a packet.
    [Fact]
    public async Task Send_Tunnels_TravelWithTheirBackendsAndFitThePacket()
    {
        var receiver = CreateTestProbe();
        var courier = new ConnectionCourier(new FakeSuccessor(1, receiver.Ref));
        var parcel = new UpgradeParcel([1], new UpgradeAnswer("", "", ""), [], default, default, null);
        var connections = Connections(23).ConvertAll(connection => connection with
        {
            Upgrade = connection.Origin.Ordinal == 22 ? parcel : parcel with { Backend = FileDescriptors.Open("/dev/null", 0) },
        });
        courier.Send(connections);
        var first = await receiver.ExpectMsgAsync<FakeSuccessor.Sent>();
        Assert.Equal(Enumerable.Repeat(true, 21), Assert.IsType<UpgradedFrame>(first.Frame).Connections.Select(offer => offer.Tunnel));
        Assert.Equal(63, first.Fds.Count);
        Assert.Equal(connections.Take(21).Select(connection => connection.Upgrade!.Backend), first.Fds.Where((_, i) => i % 3 == 2));
        var second = await receiver.ExpectMsgAsync<FakeSuccessor.Sent>();
        Assert.Equal([true, false], Assert.IsType<UpgradedFrame>(second.Frame).Connections.Select(offer => offer.Tunnel));
        Assert.Equal(5, second.Fds.Count);
        Assert.Equal(23, courier.Acknowledge(23));
        Assert.All(connections, connection => Assert.False(FileDescriptors.IsOpen(connection.Fd)));
        Assert.All(connections.Take(22), connection => Assert.False(FileDescriptors.IsOpen(connection.Upgrade!.Backend)));
    }

    [Fact]
    public void Send_ChannelThatHasEnded_KeepsThemToBeRecalled()
    {
        var courier = new ConnectionCourier(new FakeSuccessor(1, CreateTestProbe().Ref) { Deaf = true });
        var connections = Connections(70);
        courier.Send(connections[..65]);
        courier.Send(connections[65..]);
        Assert.Equal(0, courier.Break()); // none was sent
        Assert.Equal(connections, courier.Recall());
        connections.ForEach(connection => FileDescriptors.Close(connection.Fd));
    }

    private static List<MovedConnection> Connections(int count) =>
        [.. Enumerable.Range(0, count)
            .Select(i => new MovedConnection(new EndpointKey("127.0.0.1:0", i), FileDescriptors.Open("/dev/null", 0), default))];
}
