using System.Net.Sockets;
using System.Text.Json;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Control;
using Ips.Actors.Files;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using Xunit.Abstractions;

namespace Ips.Actors.Tests.Control;

/// <summary>The control socket, with real clients.</summary>
public sealed class ControlActorTests : ActorTest
{
    private static readonly ReloadReceipt Receipt = new("promoted", 4711, 7, 99, 8, null, DateTimeOffset.UnixEpoch,
        812.5)
    { NewRelease = "2.0" };

    private readonly ITestOutputHelper _output;
    private readonly RecordingLog _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _front;
    private readonly RuntimeFiles _identity;
    private readonly IActorRef _control;

    public ControlActorTests(ITestOutputHelper output)
    {
        _output = output;
        (_lifecycle, _front) = (CreateTestProbe(), CreateTestProbe());
        _identity = RuntimeFiles.Claim(_folder.File("ips.pid"), _log);
        var daemon = new ControlSession.Daemon(_lifecycle.Ref, _front.Ref, () => ["http://127.0.0.1:8080"], 4711, 7, "1.2.3",
            DateTimeOffset.UnixEpoch)
        {
            Releases = new(new StartCommand(_folder.File("current/App"), ["App"], "/", new Dictionary<string, string>()), "App.dll",
                _folder.File("releases/1")),
            Facts = () => ["store"],
            Checks = () => ["db"],
            Watched = new Watcher.Facts(4711, 7, "1.2.3", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(5)),
        };
        _control = Supervise(Props.Create(() => new ControlActor(_identity, daemon, _log)));
    }

    [Fact]
    public async Task Status_IsPutTogetherFromItsOwners()
    {
        using var client = await AskAsync("""{"verb":"status"}""");
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetStatus>();
        _lifecycle.Reply(new LifecycleProtocol.StatusReply("OnProbation", 99, Receipt));
        await _front.ExpectMsgAsync<HttpFrontProtocol.GetLoad>();
        _front.Reply(new HttpFrontProtocol.Load(12, 3));
        var answer = Assert.Single(await client.ReadToEndAsync());
        Assert.Equal(("status", true), (answer.Kind, answer.Final));
        Assert.Equal(
            (4711, 7, "OnProbation", "1.2.3", 12, 3, 99, "promoted"),
            (answer.Status!.Pid, answer.Status.Generation, answer.Status.State, answer.Status.Release, answer.Status.OpenConnections,
                answer.Status.RunningRequests, answer.Status.SuccessorPid, answer.Status.LastReload!.Outcome));
        Assert.Equal(["http://127.0.0.1:8080"], answer.Status.Endpoints);
    }

    [Fact]
    public async Task Reload_Progress_ThenTheReceiptThenTheEnd()
    {
        using var client = await AskAsync("""{"verb":"reload","aFieldOfTomorrow":1}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.Equal((true, $"ips reload (PID {Environment.ProcessId})"), (reload.CheckFirst, reload.Source));
        reload.ReplyTo.Tell(new LifecycleProtocol.Progress("generation 8 (PID 99) spawned after 3 ms"));
        Assert.Equal("generation 8 (PID 99) spawned after 3 ms", (await client.ReadAsync())!.Message);
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt));
        var answer = Assert.Single(await client.ReadToEndAsync());
        Assert.Equal(("receipt", true, "2.0", 812.5), (answer.Kind, answer.Final, answer.Receipt!.NewRelease, answer.Receipt.ElapsedMs));
    }

    [Theory]
    [InlineData("deploy", "ips deploy 2")]
    [InlineData("rollback", "ips rollback to 2")]
    public async Task Deploy_OfARelease_AsksForThatFolderAndNeverWaits(string verb, string source)
    {
        Directory.CreateDirectory(_folder.File("releases/2"));
        using var client = await AskAsync($$"""{"verb":"{{verb}}","release":"2","folder":"/elsewhere","check":true,"id":"x"}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.Equal((false, false, $"{source} (PID {Environment.ProcessId})"), (reload.CheckFirst, reload.DryRun, reload.Source));
        Assert.Equal((_folder.File("releases/2"), "2", true, false, null),
            (reload.Request.Folder, reload.Request.Release, reload.Request.NoQueue, reload.Request.Check, reload.Request.Id));
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt with { Deployed = "2" }));
        Assert.Equal("2", Assert.Single(await client.ReadToEndAsync()).Receipt!.Deployed);
    }

    [Theory]
    [Trait("issue", "17")]
    [InlineData("deploy", false, "ips deploy 2")]
    [InlineData("rollback", false, "ips rollback to 2")]
    [InlineData("deploy-with", true, "ips deploy 2 --accept-store --ignore-check db")]
    [InlineData("rollback-with", true, "ips rollback to 2 --accept-store --ignore-check db")]
    public async Task Deploy_OnTerms_HasThemOnlyByTheVerbThatHasTerms(string verb, bool terms, string source)
    {
        Directory.CreateDirectory(_folder.File("releases/2"));
        using var client = await AskAsync(
            $$"""{"verb":"{{verb}}","release":"2","accept":["store"],"ignoreChecks":["db"]}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.Equal($"{source} (PID {Environment.ProcessId})", reload.Source);
        Assert.Equal((terms ? "store" : null, terms ? "db" : null, "2", true),
            (reload.Terms?.Accept[0], reload.Terms?.IgnoreChecks[0], reload.Request.Release, reload.Request.NoQueue));
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt with { Deployed = "2" }));
        await client.ReadToEndAsync();
    }

    [Theory]
    [Trait("issue", "17")]
    [InlineData("deploy-with")]
    [InlineData("rollback-with")]
    public async Task Deploy_OnTermsThatTheServiceDoesNotKnow_StartsNothing(string verb)
    {
        Directory.CreateDirectory(_folder.File("releases/2"));
        using var client = await AskAsync($$"""{"verb":"{{verb}}","release":"2","ignoreChecks":["none"]}""");
        var answer = Assert.Single(await client.ReadToEndAsync());
        Assert.Equal(("error", "this service has no health check 'none'; it has db"), (answer.Kind, answer.Message));
        await _lifecycle.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Theory]
    [InlineData("deploy", "null", "the release's name is empty")]
    [InlineData("deploy", "\"../x\"", "the release's name '../x' must begin")]
    [InlineData("rollback", "\".x\"", "the release's name '.x' must begin")]
    [InlineData("deploy", "\"none\"", "there is no folder")]
    [InlineData("deploy", "\"link\"", "there is no folder")]
    [InlineData("check-release", "null", "there is no folder ''")]
    public async Task Deploy_OfNoRelease_IsAnsweredWithAnErrorAndStartsNothing(string verb, string release, string message)
    {
        Directory.CreateDirectory(_folder.File("releases/2"));
        File.CreateSymbolicLink(_folder.File("releases/link"), "2");
        using var client = await AskAsync($$"""{"verb":"{{verb}}","release":{{release}}}""");
        var answer = Assert.Single(await client.ReadToEndAsync());
        Assert.Equal(("error", true), (answer.Kind, answer.Final));
        Assert.StartsWith(message, answer.Message, StringComparison.Ordinal);
        await _lifecycle.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task CheckRelease_OfAFolder_IsADryRunOfThatFolder()
    {
        using var client = await AskAsync($$"""{"verb":"check-release","folder":"{{_folder.File("")}}"}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.True(reload is { DryRun: true, CheckFirst: false });
        Assert.Equal(_folder.File("").TrimEnd('/'), reload.Request.Folder);
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt with { DryRun = true, Outcome = "checked" }));
        Assert.Equal("checked", Assert.Single(await client.ReadToEndAsync()).Receipt!.Outcome);
    }

    [Theory]
    [InlineData("reload")]
    [InlineData("check")]
    [InlineData("reload-with")]
    public async Task Reload_ThatNamesAFolder_StartsTheReleaseInPlace(string verb)
    {
        using var client = await AskAsync($$"""{"verb":"{{verb}}","folder":"/elsewhere","release":"2"}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.True(reload.Request is { Folder: null, Release: null });
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt));
        await client.ReadToEndAsync();
    }

    [Fact]
    public async Task Check_IsADryRun()
    {
        using var client = await AskAsync("""{"verb":"check"}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.True(reload is { DryRun: true, CheckFirst: true });
        Assert.True(ControlRequest.For(reload.Request).Check); // wherever it may be passed on to
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt with { DryRun = true, Outcome = "checked" }));
        Assert.Equal("checked", Assert.Single(await client.ReadToEndAsync()).Receipt!.Outcome);
    }

    [Fact]
    public async Task History_IsTold()
    {
        using var client = await AskAsync("""{"verb":"history"}""");
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetHistory>();
        _lifecycle.Reply(new LifecycleProtocol.HistoryReply([Receipt, Receipt with { Outcome = "refused" }]));
        Assert.Equal(["promoted", "refused"], Assert.Single(await client.ReadToEndAsync()).History!.Select(receipt => receipt.Outcome));
    }

    [Fact]
    [Trait("issue", "16")]
    public async Task Watch_SnapshotsFollow_UntilAnotherProcessIsTheMainOne()
    {
        using var client = await AskAsync("""{"verb":"watch","intervalMs":100}""");
        for (var i = 0; i < 2; i++)
        {
            await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetWatch>();
            _lifecycle.Reply(new LifecycleProtocol.WatchReply(new LifecycleState.Serving(), null, null, Receipt, 0));
            await _front.ExpectMsgAsync<HttpFrontProtocol.GetLoad>();
            _front.Reply(new HttpFrontProtocol.Load(12, 3, 100 * (i + 1), 0));
            var watched = (await client.ReadAsync())!.Watch!;
            Assert.Equal(("Serving", 7, 12, 100L * (i + 1)),
                (watched.State, watched.Generation, watched.Generations[0].Connections, watched.Generations[0].Requests!.Total));
            Assert.Equal(i > 0, watched.Generations[0].Requests!.PerSecond > 0);
            Clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        _control.Tell(new ClientOrder.HandedOver());
        var last = (await client.ReadToEndAsync())[^1];
        Assert.Equal(("moved", true), (last.Kind, last.Final));
    }

    [Theory]
    [Trait("issue", "16")]
    [InlineData("99")]
    [InlineData("60001")]
    [InlineData("-1")]
    public async Task Watch_IntervalOutOfRange_IsRefusedWithTheRange(string interval)
    {
        using var client = await AskAsync($$"""{"verb":"watch","intervalMs":{{interval}}}""");
        Assert.Equal($"intervalMs is {interval}; it must be from 100 to 60000", Assert.Single(await client.ReadToEndAsync()).Message);
    }

    [Fact]
    public async Task Stop_IsAnsweredAtOnce()
    {
        using var client = await AskAsync("""{"verb":"stop"}""");
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.StopRequested>();
        Assert.Equal(("stopping", true), Assert.Single(await client.ReadToEndAsync()) is var answer ? (answer.Kind, answer.Final)
            : default);
    }

    [Theory]
    [InlineData("""{"verb":"dance"}""",
        "unknown verb 'dance'; known are status, reload, check, reload-with, deploy, rollback, deploy-with, rollback-with, "
            + "check-release, reload-once, history, watch, pause, resume, stop")]
    [InlineData("null", "the request is null")]
    public async Task Request_ThatIsNone_IsAnsweredWithAnError(string request, string message)
    {
        using var client = await AskAsync(request);
        var answer = Assert.Single(await client.ReadToEndAsync());
        Assert.Equal(("error", true, message), (answer.Kind, answer.Final, answer.Message));
    }

    [Fact]
    public async Task Request_Garbage_IsAnsweredWithAnError()
    {
        using var client = await AskAsync("GET / HTTP/1.1");
        Assert.Equal("error", Assert.Single(await client.ReadToEndAsync()).Kind);
    }

    [Fact]
    public async Task Request_TooLong_IsAnsweredWithTheLimit()
    {
        using var client = await AskAsync(new string('x', 4096), lineEnd: false);
        Assert.Equal("the request is longer than 4096 bytes", Assert.Single(await client.ReadToEndAsync()).Message);
    }

    [Fact]
    public async Task Request_ClientCloses_EndsItsSession()
    {
        using var client = await AskAsync("""{"verb":"sta""", lineEnd: false);
        client.FinishWriting();
        Assert.Equal("the request has no line end", Assert.Single(await client.ReadToEndAsync()).Message);
    }

    [Fact]
    public async Task HandedOver_ClientsThatWait_GetTheirReceiptAndNoNewOneIsAnswered()
    {
        using var client = await AskAsync("""{"verb":"reload"}""");
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        _control.Tell(new ClientOrder.HandedOver());
        await RoundTrip(_control);
        Assert.Null(_identity.ControlFd);
        reload.ReplyTo.Tell(new LifecycleProtocol.ReloadFinished(Receipt));
        Assert.Equal("receipt", Assert.Single(await client.ReadToEndAsync()).Kind);
        Assert.Throws<SocketException>(() => new Client(_identity.ControlPath)); // no copy of the listening socket is left here
    }

    [Fact]
    public async Task Close_ClientsThatWait_GetALastLineBeforeTheAnswer()
    {
        using var client = await AskAsync("""{"verb":"reload"}""");
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        await _control.Ask<ClientOrder.Closed>(new ClientOrder.Close(), Patience);
        var answer = Assert.Single(await client.ReadToEndAsync());
        Assert.Equal(("error", "the daemon is stopping", true), (answer.Kind, answer.Message, answer.Final));
    }

    [Fact]
    public async Task Close_NobodyThere_IsAnsweredAtOnce() =>
        await _control.Ask<ClientOrder.Closed>(new ClientOrder.Close(), Patience);

    [Fact]
    public async Task Killed_NextClient_IsAnswered()
    {
        using var first = await AskAsync("""{"verb":"reload"}""");
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        _control.Tell(Kill.Instance);
        Assert.Empty(await first.ReadToEndAsync()); // it sees its connection close
        using var second = await AskAsync("""{"verb":"history"}""", serve: false);
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetHistory>();
    }

    [Fact]
    public async Task Session_Fails_ClosesOnlyItsOwnConnection()
    {
        using var first = await AskAsync("""{"verb":"reload"}""");
        var session = (await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>()).ReplyTo;
        using var second = await AskAsync("""{"verb":"history"}""");
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetHistory>();
        Watch(session!);
        session.Tell(new LifecycleProtocol.ReloadFinished(Receipt with { ElapsedMs = double.NaN })); // not JSON: the session throws
        await ExpectTerminatedAsync(session!);
        Assert.Empty(await first.ReadToEndAsync());
        _lifecycle.Reply(new LifecycleProtocol.HistoryReply([]));
        Assert.Equal("history", Assert.Single(await second.ReadToEndAsync()).Kind);
    }

    [Fact]
    public async Task Serve_NotToldYet_LeavesClientsWaiting()
    {
        using var client = new Client(_identity.ControlPath);
        await client.WriteAsync("""{"verb":"history"}""", lineEnd: true);
        await RoundTrip(_control);
        Assert.False(_lifecycle.HasMessages);
        _control.Tell(new ClientOrder.Serve());
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetHistory>();
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _log.WriteTo(_output);
        _identity.CloseControl();
        _identity.Dispose();
        _folder.Dispose();
    }

    private async Task<Client> AskAsync(string request, bool lineEnd = true, bool serve = true)
    {
        if (serve)
        {
            _control.Tell(new ClientOrder.Serve());
        }

        var client = new Client(_identity.ControlPath);
        await client.WriteAsync(request, lineEnd);
        return client;
    }

    private sealed class Client : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly StreamReader _reader;

        public Client(string path)
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
            _reader = new StreamReader(new NetworkStream(_socket));
        }

        public async Task WriteAsync(string text, bool lineEnd) =>
            await _socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(lineEnd ? text + "\n" : text));

        public void FinishWriting() => _socket.Shutdown(SocketShutdown.Send);

        public async Task<ControlEvent?> ReadAsync() =>
            await _reader.ReadLineAsync().WaitAsync(Patience) is { } line
                ? JsonSerializer.Deserialize(line, ControlJson.Default.ControlEvent) : null;

        public async Task<List<ControlEvent>> ReadToEndAsync()
        {
            var events = new List<ControlEvent>();
            try
            {
                while (await ReadAsync() is { } controlEvent)
                {
                    events.Add(controlEvent);
                }
            }
            catch (IOException)
            {
                // a session that ends with bytes unread resets: an end as well
            }

            return events;
        }

        public void Dispose()
        {
            _reader.Dispose();
            _socket.Dispose();
        }
    }
}
