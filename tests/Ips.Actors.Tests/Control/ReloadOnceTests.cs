using System.Text.Json;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Control;
using Ips.Actors.Files;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Control;

/// <summary>The verb <c>reload-once</c>: what the session makes of a request, with a real client.</summary>
[Trait("issue", "19")]
public sealed class ReloadOnceTests : ActorTest
{
    private static readonly ReloadReceipt Receipt = new("promoted", 4711, 7, 99, 8, null, DateTimeOffset.UnixEpoch, 812.5);

    private readonly RecordingLog _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _front;
    private readonly RuntimeFiles _identity;
    private readonly IActorRef _control;

    public ReloadOnceTests()
    {
        (_lifecycle, _front) = (CreateTestProbe(), CreateTestProbe());
        _identity = RuntimeFiles.Claim(_folder.File("ips.pid"), _log);
        foreach (var release in new[] { "1", "2" }) Directory.CreateDirectory(_folder.File($"releases/{release}"));
        var daemon = new ControlSession.Daemon(_lifecycle.Ref, _front.Ref, () => [], 4711, 7, "1.2.3", DateTimeOffset.UnixEpoch)
        {
            Releases = new(new StartCommand(_folder.File("current/App"), ["App"], "/", new Dictionary<string, string>()), "App.dll",
                _folder.File("releases/1")),
            Watched = new Watcher.Facts(4711, 7, "1.2.3", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(5)),
        };
        _control = Supervise(Props.Create(() => new ControlActor(_identity, daemon, _log)));
        _control.Tell(new ClientOrder.Serve());
    }

    [Fact]
    public async Task Release_IsAskedForByItsFolderWithItsIdAndNeverWaits()
    {
        var answer = AskAsync(new(ControlVerb.ReloadOnce)
        {
            Id = "web-7:reload", Release = "2", Expects = "1", Folder = "/elsewhere", AskedBy = "x", Trigger = "signal", WaitedMs = 5,
            Check = true, Accept = ["store"], IgnoreChecks = ["db"],
        });
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.Equal($"reload-once web-7:reload to 2 (PID {Environment.ProcessId})", reload.Source);
        Assert.True(reload is { CheckFirst: false, DryRun: false, Trigger: ReloadTrigger.Control, Terms: null, Once.Instead: null });
        Assert.Equal(new ReloadRequest { Id = "web-7:reload", Release = "2", Folder = _folder.File("releases/2"), NoQueue = true },
            reload.Request);
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt with { Deployed = "2", RequestId = "web-7:reload" }));
        Assert.Equal("web-7:reload", (await answer).Receipt!.RequestId);
    }

    [Fact]
    public async Task InPlace_ChecksTheConfigurationAsAReloadDoes()
    {
        var answer = AskAsync(new(ControlVerb.ReloadOnce) { Id = "a", Folder = "/elsewhere" });
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.True(reload is { CheckFirst: true, Once.Instead: null });
        Assert.Equal(new ReloadRequest { Id = "a", NoQueue = true }, reload.Request);
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt));
        Assert.Equal("receipt", (await answer).Kind);
    }

    // The lifecycle looks for the id first: it may be of a reload that has begun, or ended, when all of this was right.
    [Theory]
    [InlineData("2", "3", "error", "3 was expected to serve, and 1 serves; nothing was started")]
    [InlineData(null, "3", "error", "3 was expected to serve, and 1 serves; nothing was started")]
    [InlineData("1", "3", "serving", "release 1 serves already; nothing was started")]
    [InlineData("none", "1", "error", "there is no folder FOLDER/releases/none")]
    [InlineData("../1", null, "error",
        "the release's name '../1' must begin with a letter or digit, and have only letters, digits and . _ + - in it")]
    public async Task Request_OfNoUse_IsAnsweredSoUnlessItsIdIsKnown(string? release, string? expects, string kind, string message)
    {
        var answer = AskAsync(new(ControlVerb.ReloadOnce) { Id = "a", Release = release, Expects = expects });
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.Equal(new(kind, message.Replace("FOLDER", _folder.File("").TrimEnd('/'), StringComparison.Ordinal)), reload.Once!.Instead);
        reload.ReplyTo.Tell(reload.Once.Instead);
        var last = await answer;
        Assert.Equal((kind, true, reload.Once.Instead!.Message), (last.Kind, last.Final, last.Message));
    }

    [Theory]
    [InlineData(null, "reload-once needs an id")]
    [InlineData("", "reload-once needs an id")]
    [InlineData("a b", "the id 'a b' may have only letters, digits and . _ - + : / @ in it")]
    [InlineData("a\nb", "may have only letters")]
    public async Task Id_ThatIsNone_IsAnError(string? id, string message)
    {
        var answer = await AskAsync(new(ControlVerb.ReloadOnce) { Id = id, Release = "2" });
        Assert.Equal("error", answer.Kind);
        Assert.Contains(message, answer.Message, StringComparison.Ordinal);
        await _lifecycle.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public void Id_IsBounded()
    {
        Assert.Null(OnceRequest.IdFault(new string('x', 128)));
        Assert.Equal("the id has 129 characters; at most 128 are possible", OnceRequest.IdFault(new string('x', 129)));
    }

    // A service that was not started by way of a link names its release by the version.
    [Theory]
    [InlineData(null, "1.2.3", null)]
    [InlineData(null, "1", "1 was expected to serve, and 1.2.3 serves; nothing was started")]
    [InlineData("1.2.3", "1.2.3", null)]
    public void Version_CountsWhereReleasesHaveNoNames(string? release, string expects, string? message) =>
        Assert.Equal(message, OnceRequest.Instead(release, expects, null, "1.2.3", null)?.Message);

    [Fact]
    public void Requests_HaveTheirJson() => Assert.Equal(
        ["""{"verb":"reload-once","expects":"1","id":"a","release":"2"}""", """{"verb":"watch","intervalMs":500,"health":true}"""],
        new ControlRequest[]
        {
            new(ControlVerb.ReloadOnce) { Id = "a", Release = "2", Expects = "1" },
            new(ControlVerb.Watch) { IntervalMs = 500, Health = true },
        }.Select(request => JsonSerializer.Serialize(request, ControlJson.Default.ControlRequest)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Watch_AskedForHealth_SaysWhatFails(bool health)
    {
        var events = Client().AskAsync(new ControlRequest(ControlVerb.Watch) { Health = health }).GetAsyncEnumerator();
        await using (events.ConfigureAwait(false))
        {
            var next = events.MoveNextAsync();
            await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetWatch>();
            _lifecycle.Reply(new LifecycleProtocol.WatchReply(new LifecycleState.Serving(), null, null, null, 0));
            await _front.ExpectMsgAsync<HttpFrontProtocol.GetLoad>();
            _front.Reply(new HttpFrontProtocol.Load(0, 0));
            if (health)
            {
                await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
                _front.Reply(new HttpFrontProtocol.Health(false, "db: it is away", 0, 0));
            }

            Assert.True(await next);
            Assert.Equal(health ? "db: it is away" : null, events.Current.Watch!.Unhealthy);
        }
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _identity.CloseControl();
        _identity.Dispose();
        _folder.Dispose();
    }

    private ControlClient Client() => new(_identity.ControlPath) { Timeout = Patience, FirstEventTimeout = Patience };

    private Task<ControlEvent> AskAsync(ControlRequest request) => Client().AskLastAsync(request).WaitAsync(Patience);
}
