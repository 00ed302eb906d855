using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>When a started app counts as ready: at once where nobody else would serve, and in a successor once it is healthy.</summary>
[Trait("issue", "14")]
[Collection(DescriptorNumbers.Name)]
public sealed class FrontReadinessTests : ActorTest
{
    private const string Words = "health check 'store' is unhealthy: it does not answer";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly Dictionary<string, string> StoreFails = new() { ["store"] = "it does not answer" };

    private readonly RecordingLog _log = new();
    private readonly FrontState _state = new();
    private readonly FakeWarmup _warmup = new();
    private readonly FakeHealth _health = new();
    private readonly FakeTimeProvider _time = new();
    private readonly TestProbe _lifecycle;
    private readonly IActorRef _front;
    private int _checks;

    public FrontReadinessTests()
    {
        _health.Answer = _ =>
        {
            Interlocked.Increment(ref _checks);
            return Task.FromResult<string?>(null);
        };
        _lifecycle = CreateTestProbe();
        var (connections, role, mover) = (new ConnectionRegistry(), FrontFixture.Role(), CreateTestProbe().Ref);
        _front = Supervise(Props.Create(() =>
            new HttpFrontActor(_state, connections, role, _warmup, _health, mover, _lifecycle.Ref, _log, _time)));
    }

    [Fact]
    public async Task FirstGeneration_CheckFails_ServesWithAWarningInItsWords()
    {
        _health.Failing = StoreFails;
        _front.Tell(new HttpFrontProtocol.HostStarted());
        Assert.Null((await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>()).Failing);
        Assert.True(_state.Ready);
        await Until(() => _log.Has(EventIds.ServesUnhealthy));
        var (level, _, text) = Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.ServesUnhealthy);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(Words, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstGeneration_NamedPathIsAnsweredWithAFault_ServesWithAWarning()
    {
        _warmup.Answer = _ => Task.FromResult<string?>("the warm-up request /ping was answered with 500");
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        await Until(() => _log.Has(EventIds.ServesUnhealthy));
    }

    [Fact]
    public async Task FirstGeneration_CheckHangs_ServesAtOnce()
    {
        _health.Answer = HangAsync;
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
    }

    [Fact]
    public async Task Successor_CheckFailsAtFirst_IsReadyOnceItPasses()
    {
        await WaitAsync(judged: true);
        await CheckAgainAsync();
        Assert.False(_lifecycle.HasMessages || _state.Ready);
        _health.Failing = new Dictionary<string, string>();
        await CheckAgainAsync();
        Assert.Null((await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>()).Failing);
        Assert.Equal(1, _log.Count(EventIds.AwaitingHealth)); // once, not each second
    }

    [Fact]
    public async Task Successor_NamedPathIsAnsweredWithAFaultAtFirst_IsReadyOnceItIsNot()
    {
        _state.Terms = Terms(judged: true);
        _warmup.Answer = _ => Task.FromResult<string?>("the warm-up request /ping was answered with 503");
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await Until(() => _log.Has(EventIds.AwaitingHealth));
        _warmup.Answer = _ => Task.FromResult<string?>(null);
        await CheckAgainAsync();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Successor_CheckFailsUntilTheDeadline_TellsItsWordsToWhoJudges(bool judged)
    {
        await WaitAsync(judged);
        for (var i = 0; i < 9; i++)
        {
            Assert.False(_lifecycle.HasMessages);
            await CheckAgainAsync();
        }

        // The last check is a second before the deadline: it has that time.
        if (judged) Assert.Equal(StoreFails, (await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>()).Failing);
        else Assert.Equal(Words, (await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontFailed>()).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Successor_CheckThrowsUntilTheDeadline_FailsWithItsWords(bool atOnce)
    {
        _health.Answer = _ =>
        {
            Interlocked.Increment(ref _checks);
            return atOnce ? throw new InvalidOperationException("no store")
                : Task.FromException<string?>(new InvalidOperationException("no store"));
        };
        await WaitAsync(judged: true);
        for (var i = 0; i < 9; i++) await CheckAgainAsync();
        Assert.Equal("the health checks failed: no store", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontFailed>()).Reason);
    }

    [Theory]
    [InlineData(4)] // less than the limit of a check
    [InlineData(60)]
    public async Task Successor_CheckHangs_FailsByTheDeadline(int seconds)
    {
        _state.Terms = Terms(judged: true, TimeSpan.FromSeconds(seconds));
        _health.Answer = HangAsync;
        _front.Tell(new HttpFrontProtocol.HostStarted());
        var began = _time.GetUtcNow();
        await Until(() =>
        {
            Step(); // again and again: the limits are armed one after the other
            return _lifecycle.HasMessages;
        });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontFailed>();
        Assert.True(_time.GetUtcNow() - began >= TimeSpan.FromSeconds(seconds - 2));
    }

    [Fact]
    public async Task Successor_OnlyExcusedChecksFail_DoesNotWait()
    {
        _health.Failing = StoreFails;
        _state.Terms = Terms(judged: true, excused: ["other", "store"]);
        _front.Tell(new HttpFrontProtocol.HostStarted());
        Assert.Equal(StoreFails, (await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>()).Failing);
    }

    [Fact]
    public async Task Successor_AnotherCheckFailsBesideTheExcused_Waits()
    {
        _health.Failing = new Dictionary<string, string>(StoreFails) { ["queue"] = "it is away" };
        await WaitAsync(judged: true, excused: ["store"]);
        await CheckAgainAsync();
        Assert.False(_lifecycle.HasMessages);
    }

    [Theory]
    [InlineData(true)] // between two checks
    [InlineData(false)] // in one that hangs
    public async Task Successor_PredecessorIsLostMeanwhile_ServesAtOnce(bool between)
    {
        var asked = new TaskCompletionSource();
        if (between)
        {
            await WaitAsync(judged: true);
        }
        else
        {
            _state.Terms = Terms(judged: true);
            _health.Answer = cancellationToken =>
            {
                asked.TrySetResult();
                return HangAsync(cancellationToken);
            };
            _front.Tell(new HttpFrontProtocol.HostStarted());
            await asked.Task.WaitAsync(Patience);
            await RoundTrip(_front);
        }

        _front.Tell(new HttpFrontProtocol.PredecessorLost());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        Assert.True(_state.Ready);
    }

    [Fact]
    public async Task Successor_PredecessorIsLostBeforeTheStart_ServesLikeAFirstGeneration()
    {
        _health.Failing = StoreFails;
        _state.Terms = Terms(judged: true);
        _front.Tell(new HttpFrontProtocol.PredecessorLost());
        await RoundTrip(_front);
        Assert.False(_lifecycle.HasMessages); // the app has not started
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        await Until(() => _log.Has(EventIds.ServesUnhealthy));
    }

    [Fact]
    public async Task Successor_OfAPausedService_IsReady()
    {
        (_state.Paused, _state.Terms) = (true, Terms(judged: true));
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
        Assert.False(_state.Ready); // what load balancers see, and a reload does not
    }

    [Fact]
    public async Task Successor_KilledWhileItWaits_WaitsOn()
    {
        await WaitAsync(judged: false);
        _front.Tell(Kill.Instance);
        await Until(() => Volatile.Read(ref _checks) == 2);
        await RoundTrip(_front);
        Assert.False(_lifecycle.HasMessages);
        _health.Failing = new Dictionary<string, string>();
        await CheckAgainAsync();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.FrontReady>();
    }

    [Theory]
    [InlineData(60, null, 5, 49)] // less 6 s, in which the predecessor runs its own checks
    [InlineData(60, "20s", 5, 10)] // the predecessor's own value ends the wait
    [InlineData(8, null, 1, 5)]
    [InlineData(1, null, 3, 0)]
    public void Terms_Of_AreWhatTheAgeLeavesOfTheReadyTimeout(int timeout, string? former, int age, int left)
    {
        var (own, peer) = FdPassing.SocketPair();
        using var channel = new HandoverChannel(own);
        FileDescriptors.Close(peer);
        var generation = new GenerationContext
        {
            Number = 2,
            StartCommand = FrontFixture.Generation.StartCommand,
            Predecessor = channel,
            FormerSettings = former is null ? null : new Dictionary<string, string> { ["ips.reload.ready-timeout"] = former },
        };
        var options = new ReloadOptions { ReadyTimeout = TimeSpan.FromSeconds(timeout) };
        Assert.Equal(TimeSpan.FromSeconds(left), ReadinessTerms.Of(generation, options, TimeSpan.FromSeconds(age), _time)!.Left);
        Assert.Null(ReadinessTerms.Of(FrontFixture.Generation, new ReloadOptions(), TimeSpan.Zero, _time));
    }

    private static async Task<string?> HangAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return null;
    }

    private ReadinessTerms Terms(bool judged, TimeSpan? patience = null, IReadOnlyList<string>? excused = null) =>
        new(patience ?? TimeSpan.FromSeconds(10), judged, excused ?? [], _time);

    private async Task WaitAsync(bool judged, IReadOnlyList<string>? excused = null)
    {
        if (_health.Failing.Count == 0) _health.Failing = StoreFails;
        _state.Terms = Terms(judged, excused: excused);
        _front.Tell(new HttpFrontProtocol.HostStarted());
        await Until(() => _log.Has(EventIds.AwaitingHealth));
        await RoundTrip(_front); // the timer is armed
    }

    private async Task CheckAgainAsync()
    {
        var before = Volatile.Read(ref _checks);
        Step();
        await Until(() => Volatile.Read(ref _checks) > before);
        await RoundTrip(_front);
        await RoundTrip(_front); // the result is piped
    }

    private void Step()
    {
        _time.Advance(Second);
        Clock.Advance(Second);
    }
}
