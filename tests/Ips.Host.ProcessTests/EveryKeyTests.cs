using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.Configuration;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Receipts;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Each key of the configuration is changed by a reload of a real daemon: it is applied, or refused by name, or has nothing to
/// show there.</summary>
/// <remarks>A new key fails <see cref="Table_Keys_AreAllOfTheConfiguration"/> until it has a row, and the test of that row's round until
/// it has a probe. Beside
/// its probe, each changed key must be among those that the successor says its reload has changed (event 1070).</remarks>
public sealed partial class EveryKeyTests(ITestOutputHelper output) : ReceiptTest(output)
{
    private readonly HashSet<string> _shown = [];

    [Fact]
    public void Table_Keys_AreAllOfTheConfiguration()
    {
        var keys = DaemonKeys.Table.Keys.Select(key => key.Path).ToList();
        Assert.True(Table.Keys.ToHashSet().SetEquals(keys), "A new key needs a row in EveryKeyTests.Table.cs and a probe in its round; "
            + $"without a row: {string.Join(", ", keys.Except(Table.Keys))}; without a key: {string.Join(", ", Table.Keys.Except(keys))}.");
    }

    [Fact]
    public async Task Reload_EachKeyOfTheDaemonChanged_IsAppliedWhole()
    {
        Put("good", """[ -n "$HANGS" ] && { trap '' TERM; while :; do sleep 0.1; done; }"""); // until it is killed
        // For its folder and its end.
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { KillTimeout = TimeSpan.FromSeconds(30) });
        var (nobody, isRoot) = (Syscall.getpwnam(ServiceRights.User), Syscall.geteuid() == 0);
        var (group, port, metrics) = (isRoot ? nobody.pw_gid : Syscall.getegid(), FreePort.Next(), FreePort.Next());
        string At(string name) => Path.Combine(service.Folder, name);
        await using var health = new HealthServer();
        await File.WriteAllTextAsync(At("env"), "# nothing yet\n");
        var (moved, socket) = (Path.Combine(Directory.CreateDirectory(At("moved")).FullName, "moved.pid"), At("app.sock"));
        var before = service.WriteConfigFile();
        await File.AppendAllTextAsync(before,
            $$"""
            ips.urls = ["http://127.0.0.1:{{service.Port}}", "http://unix:{{socket}}"]
            ips.log-file = "{{At("a.log")}}"
            ips.listener.backlog = 64
            ips.reload.room-timeout = 60s
            """ + "\n");
        var key = await IpsCommand.RunAsync(service.Processes, service.Folder, "key", "add", "KEY", "--config", before);
        Assert.True(key.ExitCode == 0, key.ToString());
        await using var first = DaemonProcess.Start(
            Current, ["run", "--config", before], new Dictionary<string, string?>(service.Processes.Environment), null);
        var (a, b) = (new EventLog(At("a.log")), new EventLog(At("b.log")));
        await a.WaitForAsync(0, EventIds.IdentityPublished);

        var told = await ChangeAsync(before, service, a,
            $$"""
            ips.urls = ["http://127.0.0.1:{{service.Port}}", "http://unix:{{socket}}", "http://127.0.0.1:{{port}}"]
            ips.pid-file = "{{moved}}"
            ips.log-file = "{{At("b.log")}}"
            ips.log.level = debug
            ips.generation-header = false
            ips.drain { timeout = 45s, lame-duck = 1200ms, idle-stop = 1s, idle-grace = 4s, h2-pause = 300ms, websocket-spread = 4s }
            ips.reload { probation = 8s, health-interval = 1500ms, kill-timeout = 200ms, max-error-ratio = 0.5, min-requests = 30 }
            ips.reload { health-url = "{{health.Url}}", max-generations = 2, when-full = refuse, room-timeout = 300ms }
            ips.reload.health-tags = ["ready"]
            ips.reload { env-file = "{{At("env")}}", last-good = false }
            ips.reload.canary = ["20%"]
            ips.reload.probation-max = 21s
            ips.reload.roll-back-on = [slower]
            ips.reload { watch = [release], watch-interval = 2s, every = 100h, max-memory = 100GiB }
            ips.warmup { requests = [] }
            ips.websockets.max-state = 8KiB
            ips.listener { backlog = 96, unix-mode = "0640", main-only = ["http://127.0.0.1:{{metrics}}"] }
            ips.metrics.url = "http://127.0.0.1:{{metrics}}"
            ips.listener { unix-owner = "{{(isRoot ? ServiceRights.User : Environment.UserName)}}", unix-group = "{{group}}" }
            ips.takeover { socket = "{{At("takeover")}}", group = "{{group}}", from = "{{At("nobody-is-here")}}" }
            ips.store { busy-timeout = 4s, readers = 3 }
            ips.auth { window = 33s, allow-v1 = false, allow-v2 = false, key-cache = 2s, nonce-capacity = 2000 }
            ips.access-log { format = common, buffer-lines = 32 }
            ips.api.compatibility = gin-ips
            """, service.PidFile);
        Shown([.. told.Where(path => Table[path] is { Effect: Effect.Told })]);
        Shown("ips.takeover.from"); // the reload is no takeover, whatever it says

        // Files and sockets.
        Assert.All(["", ".lock", ".sock"], end => Assert.True(File.Exists(moved + end), end));
        await Eventually.TrueAsync(() => new[] { "", ".lock", ".sock", ".last-good" }.All(end => !File.Exists(service.PidFile + end)),
            "an end of the old place");
        Shown("ips.pid-file");
        Assert.False(File.Exists($"{moved}.last-good"));
        Shown("ips.reload.last-good");
        await b.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 in the new log");
        Shown("ips.log-file");
        Assert.Contains(a.Events.Concat(b.Events), e => e.Id == EventIds.StateChanged && e.Generation == 2);
        Shown("ips.log.level");
        Assert.NotEqual("0", a.Of(EventIds.WarmedUp).Single(e => e.Generation == 1)["AppRequests"]);
        // The successor asks its own liveness probe, twice, and nothing else.
        Assert.Equal("2", a.Of(EventIds.WarmedUp).Concat(b.Of(EventIds.WarmedUp)).Single(e => e.Generation == 2)["AppRequests"]);
        Shown("ips.warmup.requests");
        Assert.Equal((200, 0), (await PingAsync(service.Port), (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Generation));
        Shown("ips.urls", "ips.generation-header");
        Assert.Contains("ips_generation_number", (await HttpProbe.GetAsync($"http://127.0.0.1:{metrics}/metrics")).Body,
            StringComparison.Ordinal);
        Shown("ips.metrics.url");
        await b.WaitForAsync(e => e.Id == 0 && e.Text.Contains("GET /ping ", StringComparison.Ordinal), "a line of the access log");
        Shown("ips.access-log.format");
        await Eventually.TrueAsync(async () => await BacklogAsync(service.Port) == 96, "a backlog of 96");
        Shown("ips.listener.backlog");
        await Eventually.TrueAsync(() => Mode(socket) == "640", "mode 0640");
        var status = Stat(socket);
        Assert.Equal((isRoot ? nobody.pw_uid : Syscall.geteuid(), group), (status.st_uid, status.st_gid));
        Shown("ips.listener.unix-mode", "ips.listener.unix-owner", "ips.listener.unix-group");
        Assert.Equal(("660", group), (Mode(At("takeover")), Stat(At("takeover")).st_gid));
        Shown("ips.takeover.socket", "ips.takeover.group");

        // Who may ask.
        Assert.Contains("v1", await AskAsync(port, "?accesskey=KEY&expires=1&signature=0", null), StringComparison.Ordinal);
        Shown("ips.auth.allow-v1");
        const string credentials = "accesskey=KEY, expires=1, nonce=0123456789abcdef, signature=0";
        Assert.Contains("2.1", await AskAsync(port, "", credentials), StringComparison.Ordinal);
        Shown("ips.auth.allow-v2");
        Assert.Contains("33", await AskAsync(port, "", $"{credentials}, version=2.1"), StringComparison.Ordinal);
        Shown("ips.auth.window");
        using (var plain = new StringContent("", Encoding.UTF8, "text/plain"))
        {
            var asked = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/v1/sdk/search_ip?ip=10.0.0.1") { Content = plain };
            Assert.StartsWith("401 ", await SendAsync(port, asked, null), StringComparison.Ordinal); // else 200, with a code in the body
            Shown("ips.api.compatibility");
        }

        // The next reload gets ready, and the health URL is against it. It is asked once before, of this generation.
        (health.Good, health.Status) = (1, 500);
        var (code, receipt) = await ReloadAtAsync(moved);
        Assert.Equal((4, "rolled-back"), (code, receipt.Outcome));
        Assert.Contains("ips.reload.health-url) failed 3 times", receipt.Reason, StringComparison.Ordinal);
        // Three times within the probation of 8 s: by the former value it is asked once
        Shown("ips.reload.health-url", "ips.reload.health-interval");

        // The next one is promoted after its probation; this generation has half a request, and drains.
        health.Status = 200;
        // From here on: until now whatever is good is to get ready.
        await File.AppendAllTextAsync(before, "ips.reload.ready-timeout = 15s\n");
        using var stuck = await StickAsync(service.Port);
        (code, receipt) = await ReloadAtAsync(moved);
        Assert.Equal((0, "promoted"), (code, receipt.Outcome));
        Assert.InRange(receipt.PhasesMs!["promoted"] - receipt.PhasesMs["serving"], 7990, 200_000);
        Shown("ips.reload.probation");
        (code, receipt) = await ReloadAtAsync(moved);
        Assert.Equal((4, "refused"), (code, receipt.Outcome));
        Assert.Contains("ips.reload.max-generations = 2 allows no further one (ips.reload.when-full = abort-oldest would", receipt.Reason,
            StringComparison.Ordinal);
        Assert.InRange(receipt.ElapsedMs, 290, 50_000); // by the former value it waits a minute
        Shown("ips.reload.max-generations", "ips.reload.when-full", "ips.reload.room-timeout");
        stuck.Dispose();

        // The next reload hangs and ignores SIGTERM: it gets ready-timeout, then kill-timeout twice.
        await service.Processes.WaitForOnlyAsync(int.Parse(await File.ReadAllTextAsync(moved), CultureInfo.InvariantCulture));
        await File.WriteAllTextAsync(At("env"), "HANGS=1\n");
        var mark = b.Mark;
        (code, receipt) = await ReloadAtAsync(moved);
        Assert.Equal((4, "refused"), (code, receipt.Outcome));
        Assert.Contains("ips.reload.ready-timeout", receipt.Reason, StringComparison.Ordinal);
        Assert.InRange(receipt.ElapsedMs, 15_000, 55_000); // by the former value it is a minute
        Shown("ips.reload.ready-timeout", "ips.reload.env-file");
        var ends = b.Of(EventIds.SuccessorEnding, mark).Select(TimeOf).ToList();
        Assert.Equal(3, ends.Count); // asked, SIGTERM, SIGKILL
        Assert.InRange(ends[2] - ends[0], TimeSpan.FromMilliseconds(390), TimeSpan.FromSeconds(50)); // by the former value it is a minute
        Shown("ips.reload.kill-timeout");

        mark = b.Mark;
        ProcessTable.Signal(int.Parse(await File.ReadAllTextAsync(moved), CultureInfo.InvariantCulture), ProcessTable.SigTerm);
        var drain = await b.WaitForAsync(mark, EventIds.DrainBegan);
        Assert.Equal("45", drain["TimeoutSeconds"]);
        Assert.InRange(TimeOf(drain) - TimeOf(b.Of(EventIds.Stopping, mark)[0]), TimeSpan.FromMilliseconds(1190), TimeSpan.FromSeconds(20));
        Shown("ips.drain.timeout", "ips.drain.lame-duck");
        await service.Processes.WaitForOnlyAsync();
        AssertAllShown(Round.Daemon);
    }

    [Fact]
    public async Task Reload_EachKeyOfTheApiChanged_IsAppliedWhole()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var (port, store) = (FreePort.Next(), Path.Combine(service.Folder, "other.db"));
        Assert.Contains("401", await AskAsync(service.Port, "", null), StringComparison.Ordinal);
        await File.AppendAllTextAsync(service.ConfigFile, "ips.store.postgres = \"Host=127.0.0.1;Port=1;Timeout=2\"\n");
        var refused = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, refused.Id);
        Assert.Contains("ips.store.postgres", refused["Reason"], StringComparison.Ordinal);
        Shown("ips.store.postgres");
        service.WriteConfigFile();
        await File.AppendAllTextAsync(service.ConfigFile, $"ips.store.path = \"{store}\"\n");
        refused = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, refused.Id);
        Assert.Contains("ips.store.path", refused["Reason"], StringComparison.Ordinal);
        Assert.False(File.Exists(store));
        Shown("ips.store.path");
        service.WriteConfigFile();

        var mark = service.Log.Mark;
        var told = await ChangeAsync(service.ConfigFile, service, service.Log,
            $$"""
            ips.urls = []
            ips.kestrel.Endpoints.Other { Url = "http://127.0.0.1:{{port}}" }
            ips.log.format = line
            ips.warmup.timeout = 0s
            ips.auth.allow-anonymous-loopback = true
            ips.api { max-body = 2KiB, body-memory = 2MiB, page-size = 7, max-page-size = 11 }
            """, service.PidFile);
        Shown([.. told.Where(path => Table[path] is { Effect: Effect.Told })]);
        Assert.Equal(200, await PingAsync(port));
        Shown("ips.kestrel");
        await Eventually.TrueAsync(
            () => service.Log.Events.Skip(mark).Any(e => e.Id == 0 && e.Text.Contains("is the main process", StringComparison.Ordinal)),
                "a line that is no JSON");
        Shown("ips.log.format");
        Assert.Contains(service.Log.Events, e => e.Id == EventIds.WarmedUp && e.Generation == 1);
        Assert.DoesNotContain(service.Log.Events.Skip(mark), e => e.Text.Contains("Warmed up", StringComparison.Ordinal));
        Shown("ips.warmup.timeout");
        Assert.Contains("\"page_size\":7", await PostAsync(port, ""), StringComparison.Ordinal);
        Shown("ips.auth.allow-anonymous-loopback", "ips.api.page-size");
        Assert.Contains("11", await PostAsync(port, """{"page_size":12}"""), StringComparison.Ordinal);
        Shown("ips.api.max-page-size");
        Assert.Contains("2048", await PostAsync(port, new string(' ', 2049)), StringComparison.Ordinal);
        Shown("ips.api.max-body");
        AssertAllShown(Round.Api);
    }

    // As root starts it: the service has become another user, and nothing can change that but a new start.
    [RootFact]
    public async Task Reload_UserOrGroupChanged_IsRefusedByName()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { User = ServiceRights.User });
        await ServiceRights.GiveFolderAsync(Folder, service);
        await service.StartAsync();
        var valid = await File.ReadAllTextAsync(service.ConfigFile);
        foreach (var (key, line) in new[] { ("ips.user", "ips.user = root"), ("ips.group", "ips.group = root") })
        {
            await File.WriteAllTextAsync(service.ConfigFile, $"{valid}{line}\n");
            var outcome = await service.TryReloadAsync();
            Assert.Equal(EventIds.ReloadFailed, outcome.Id);
            Assert.Contains($"{key} is root", outcome["Reason"], StringComparison.Ordinal);
            Shown(key);
        }

        await File.WriteAllTextAsync(service.ConfigFile, valid);
        await service.ReloadAsync();
        AssertAllShown(Round.User);
    }

    // Adds to the configuration, and reloads. What the successor says of it must be what the two configurations differ in.
    private static async Task<IReadOnlyList<string>> ChangeAsync(string file, Service service, EventLog log, string more, string pidFile)
    {
        var (before, mark) = (Load(file), log.Mark);
        await File.AppendAllTextAsync(file, more + "\n");
        var now = Load(file);
        var expected = DaemonKeys.Table.Keys.Where(key => !key.IsBlock && key.Show(before) != key.Show(now))
            .Select(key => (key.Path, key.Show(now))).Order().ToList();
        var (code, receipt) = await ReloadAtAsync(pidFile);
        Assert.True(code == 0, receipt.Reason);
        Assert.Equal("promoted", receipt.Outcome);
        var told = log.Of(EventIds.ConfigurationChanged, mark).Select(e => (e["Key"], e["New"])).Order().ToList();
        if (told.Count > 0) Assert.Equal(expected, told);
        else Assert.All(expected, change => Assert.Contains(log.Events.Skip(mark), e =>
            e.Text.Contains($"This reload changes {change.Path}: it was ", StringComparison.Ordinal)));
        return [.. expected.Select(change => change.Path)];

        DaemonSettings Load(string path)
        {
            var (settings, problems) = SettingsLoader.Load(new DaemonArguments { Config = path }, service.Folder, needsLogFile: false);
            Assert.Empty(problems);
            return settings;
        }
    }

    private static async Task<(int ExitCode, ReloadReceipt Receipt)> ReloadAtAsync(string pidFile)
    {
        var result = await IpsCommand.RunAsync("reload", "--json", "--pid-file", pidFile);
        Assert.True(result.Output.Count == 1, result.ToString());
        return (result.ExitCode, System.Text.Json.JsonSerializer.Deserialize(result.Output[0], ControlJson.Default.ReloadReceipt)!);
    }

    private void Shown(params IReadOnlyList<string> keys) => _shown.UnionWith(keys);

    private void AssertAllShown(Round round) =>
        Assert.Equal(Table.Where(row => row.Value.Round == round).Select(row => row.Key).Order(StringComparer.Ordinal),
            _shown.Order(StringComparer.Ordinal));

    private static DateTimeOffset TimeOf(ServiceEvent one) => DateTimeOffset.Parse(one.Time, CultureInfo.InvariantCulture);

    private static Stat Stat(string path) => Syscall.lstat(path, out var stat) == 0 ? stat
        : throw new IOException($"{path}: {Stdlib.GetLastError()}");

    private static string Mode(string path) => Convert.ToString((int)(Stat(path).st_mode & FilePermissions.ACCESSPERMS), 8);

    private static async Task<int> PingAsync(int port) => (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Status;

    private static async Task<int> BacklogAsync(int port)
    {
        var listed = await IpsCommand.RunProgramAsync(null, null, "ss", "-ltnH", "sport", "=", $":{port}");
        return int.Parse(Assert.Single(listed.Output).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture);
    }

    private static Task<string> AskAsync(int port, string query, string? credentials) => SendAsync(
        port, new HttpRequestMessage(HttpMethod.Get,
            $"http://127.0.0.1:{port}/v1/sdk/search_ip{(query.Length > 0 ? $"{query}&" : "?")}ip=10.0.0.1"), credentials);

    private static Task<string> PostAsync(int port, string body) => SendAsync(
        port, new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/v1/object/host")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        }, null);

    private static async Task<string> SendAsync(int port, HttpRequestMessage request, string? credentials)
    {
        using var client = new HttpClient { Timeout = Limits.Step };
        request.Content ??= new StringContent("", Encoding.UTF8, "application/json");
        if (credentials is not null) request.Headers.Authorization = new AuthenticationHeaderValue("IPS-HMAC-SHA256", credentials);
        using var response = await client.SendAsync(request);
        request.Dispose();
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    // Half a request: the generation that has it cannot move it and drains until its deadline.
    private static async Task<RawClient> StickAsync(int port)
    {
        var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /pi");
        await client.ReadUntilAsync(text => text.Length > 0); // it was accepted, and has begun the second one
        return client;
    }
}
