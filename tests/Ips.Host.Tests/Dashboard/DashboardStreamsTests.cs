using System.Threading.Channels;
using Ips.Host.Dashboard;

namespace Ips.Host.Tests.Dashboard;

/// <summary>What the pages cost is bounded, however many there are and however slowly they read.</summary>
[Trait("issue", "16")]
public sealed class DashboardStreamsTests
{
    [Fact]
    public void Open_BeyondTheMost_IsRefusedUntilOneCloses()
    {
        var streams = new DashboardStreams();
        var open = Enumerable.Range(0, 200).Select(_ => streams.TryOpen()).ToList();
        Assert.Equal(DashboardStreams.MostOpen, open.Count(stream => stream is not null));
        Assert.Equal(DashboardStreams.MostOpen, streams.Open);
        open[0]!.Dispose();
        Assert.NotNull(streams.TryOpen());
        Assert.Null(streams.TryOpen());
    }

    [Fact]
    public void Publish_APageThatDoesNotRead_IsDroppedAndTheOthersGetAll()
    {
        var streams = new DashboardStreams();
        var (slow, quick) = (streams.TryOpen()!, streams.TryOpen()!);
        for (var i = 0; i < 10 * DashboardStreams.MostWaiting; i++)
        {
            streams.Publish($"{i}");
            Assert.Equal([$"{i}"], Read(quick.Messages));
        }

        Assert.True(slow.Dropped.IsCancellationRequested);
        Assert.Equal(DashboardStreams.MostWaiting, Read(slow.Messages).Count); // no more waited for it
        Assert.False(quick.Dropped.IsCancellationRequested);
        Assert.Equal(1, streams.Open);
    }

    [Fact]
    public void Open_Later_BeginsWithTheNewestOfEachKey()
    {
        var streams = new DashboardStreams();
        streams.Publish("hello", "hello");
        streams.Publish("old", "snapshot");
        streams.Publish("part", "trace", keep: "whole");
        streams.Publish("for those who are there");
        streams.Publish("new", "snapshot");
        Assert.Equal(["hello", "new", "whole"], Read(streams.TryOpen()!.Messages));
    }

    [Fact]
    public void Open_MuchIsKept_LeavesRoomForWhatComes()
    {
        var streams = new DashboardStreams(backlog: 2);
        for (var i = 0; i < 50; i++) streams.Publish($"{i}", $"{i}");
        var stream = streams.TryOpen()!;
        streams.Publish("next");
        Assert.Equal(51, Read(stream.Messages).Count);
        Assert.False(stream.Dropped.IsCancellationRequested);
    }

    private static List<string> Read(ChannelReader<string> messages)
    {
        List<string> read = [];
        while (messages.TryRead(out var message)) read.Add(message);
        return read;
    }
}
