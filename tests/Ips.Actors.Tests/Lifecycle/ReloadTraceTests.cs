using System.Diagnostics;
using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The spans of a reload, in both processes.</summary>
[Trait("issue", "16")]
public sealed class ReloadTraceTests : LifecycleActorTest
{
    private const string Pipeline = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly List<Activity> _ended = [];
    private readonly ActivityListener _listener;

    public ReloadTraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == IpsActivity.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (_ended) _ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    [Fact]
    public async Task Reload_AskedForWithinATrace_IsOneSpanOfItWithAChildForEachPhase()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("ips reload") { Request = new ReloadRequest { TraceParent = Pipeline } });
        var spawn = await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        await StateOf(lifecycle);
        Time.Advance(TimeSpan.FromSeconds(2));
        lifecycle.Tell(new LifecycleEvent.SuccessorGreeted("2.0"));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        await StateOf(lifecycle);

        var reload = OfTrace(Pipeline).Single(span => span.OperationName == "ips.reload");
        Assert.Equal((Pipeline.Split('-')[2], ActivityStatusCode.Error, "it exited with 1"),
            (reload.ParentSpanId.ToHexString(), reload.Status, reload.StatusDescription));
        Assert.Equal(("refused", "control", "2.0", "not_ready"),
            (reload.GetTagItem("ips.reload.outcome"), reload.GetTagItem("ips.reload.trigger"), reload.GetTagItem("ips.release.new"),
                reload.GetTagItem("error.type")));
        Assert.Equal(reload.Id, spawn.TraceParent); // what the successor's own spans are part of
        var phases = OfTrace(Pipeline).Where(span => span.ParentSpanId == reload.SpanId).ToList();
        Assert.Equal(["ips.reload.spawn", "ips.reload.start"], phases.Select(span => span.OperationName));
        Assert.Equal(TimeSpan.FromSeconds(2), phases[1].Duration);
        Assert.Null(Activity.Current);
    }

    [Fact]
    public void Successor_StartsAndIsPromoted_HasItsSpansInTheTraceOfThePredecessor()
    {
        var parent = IpsActivity.Parse("00-11111111111111111111111111111111-2222222222222222-01");
        var start = DateTimeOffset.UnixEpoch;
        var trace = new GenerationTrace(parent, start);
        trace.Note(new Joining(), new Ready(), start.AddSeconds(1));
        trace.Note(new Ready(), new Proving(), start.AddSeconds(2));
        trace.Note(new Proving(), new Serving(), start.AddSeconds(7));
        trace.Note(new Serving(), new Serving(), start.AddSeconds(8));
        Assert.Equal([("ips.generation.start", 1.0, ActivityStatusCode.Unset), ("ips.generation.probation", 5.0, ActivityStatusCode.Unset)],
            _ended.Where(span => span.TraceId == parent.TraceId && span.ParentSpanId == parent.SpanId)
                .Select(span => (span.OperationName, span.Duration.TotalSeconds, span.Status)));
    }

    [Fact]
    public void Successor_RolledBack_SaysSo()
    {
        var parent = IpsActivity.Parse("00-33333333333333333333333333333333-2222222222222222-01");
        var trace = new GenerationTrace(parent, DateTimeOffset.UnixEpoch);
        trace.Note(new Ready(), new Proving(), DateTimeOffset.UnixEpoch);
        trace.Note(new Proving(), new Draining(ExitCode.Clean, true, HandedOver: true), DateTimeOffset.UnixEpoch.AddSeconds(1));
        Assert.Equal(ActivityStatusCode.Error, _ended.Single(span => span.TraceId == parent.TraceId).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("rubbish")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    public void Parse_NoTraceParent_IsTheDefault(string text) => Assert.Equal(default, IpsActivity.Parse(text));

    protected override void AfterAll()
    {
        _listener.Dispose();
        base.AfterAll();
    }

    // Other tests trace at the same time.
    private List<Activity> OfTrace(string parent)
    {
        lock (_ended) return [.. _ended.Where(span => span.TraceId.ToHexString() == parent.Split('-')[1])];
    }
}
