using System.Text.Json.Nodes;
using Ips.Actors.Launch;
using Ips.Host.Cli;
using Ips.Host.Cli.Deploy;

namespace Ips.Host.Tests.Cli.Deploy;

/// <summary>The commands that put releases in place, and a daemon that does not know their verbs: it answers an error, the command says
/// what to do, and nothing has changed. The answers are recorded ones.</summary>
[Trait("issue", "17")]
public sealed class OlderDaemonTests : IDisposable
{
    // What the daemon of commit 46c9b57, which knows no releases, sends; its program was started by way of current.
    private const string OldStatus = """
        {"kind":"status","final":true,"status":{"pid":20725,"generation":1,"state":"Serving","release":"0.1.0\u002B46c9b57a",
        "startedAt":"2026-12-01T00:43:21.080904+00:00","endpoints":["http://127.0.0.1:18431"],"openConnections":0,"runningRequests":0,
        "lastGood":{"release":"0.1.0\u002B46c9b57a","fileName":"FOLDER/releases/1/Ips.SampleApp","arguments":["--urls",
        "http://127.0.0.1:18431"],"workingDirectory":"/","command":["FOLDER/current/Ips.SampleApp","--urls","http://127.0.0.1:18431"],
        "commandDirectory":"/","generation":1,"since":"2026-12-01T00:43:23.2005525+00:00"}}}
        """;

    // And what that of commit 2faaee2 sends, which knows them, but no terms.
    private const string TermlessStatus = """
        {"kind":"status","final":true,"status":{"pid":20748,"generation":1,"state":"Serving","release":"0.1.0\u002B2faaee2b",
        "startedAt":"2026-12-01T00:43:22.0930269+00:00","endpoints":["http://127.0.0.1:18432"],"openConnections":0,"runningRequests":0,
        "deployment":{"folder":"FOLDER","program":"Ips.SampleApp","serves":"1","current":"1"}}}
        """;

    private const string OldKnows = "status, reload, check, reload-with, history, pause, resume, stop";
    private const string TermlessKnows =
        "status, reload, check, reload-with, deploy, rollback, check-release, history, watch, pause, resume, stop";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public OlderDaemonTests()
    {
        foreach (var release in new[] { "releases/0", "releases/1", "build" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, release));
            File.Copy("/bin/true", Path.Combine(_folder, release, "Ips.SampleApp"));
        }

        File.CreateSymbolicLink(Path.Combine(_folder, "current"), "releases/1");
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _output.Dispose();
        _error.Dispose();
    }

    // It does not say where its releases are, so it is not asked for one, and nothing is copied.
    [Theory]
    [InlineData("deploy build --name 2")]
    [InlineData("deploy build --name 2 --accept-store --no-queue")]
    [InlineData("rollback")]
    [InlineData("rollback 0 --ignore-check x")]
    public async Task Daemon_OfBeforeReleases_IsAskedForNothing(string line)
    {
        using var daemon = Daemon(OldStatus, OldKnows);
        await AssertFailsAsync(line,
            "Or its release is older than 'ips deploy': then switch the link by hand, and run 'ips reload', once.");
        Assert.Equal(["status"], Verbs(daemon));
        Assert.Equal(["0", "1"], Shelved());
    }

    [Theory]
    [InlineData("reload --check build")]
    [InlineData("reload --check build --accept-store")]
    public async Task Daemon_OfBeforeReleases_AnswersACheckOfAFolderWithAnError(string line)
    {
        using var daemon = Daemon(OldStatus, OldKnows);
        await AssertFailsAsync(line, "is of a release that cannot check a folder (unknown verb 'check-release'; known are "
            + $"{OldKnows}). Nothing was reloaded.");
        Assert.Equal(["check-release"], Verbs(daemon));
        Assert.Equal(["0", "1"], Shelved());
    }

    // Of a build between these two, or of one that goes back while the command copies.
    [Theory]
    [InlineData("deploy build --name 2", "deploy", OldKnows, "does not know 'ips deploy'")]
    [InlineData("rollback 0", "rollback", OldKnows, "does not know 'ips rollback'")]
    [InlineData("deploy build --name 2 --accept-store", "deploy-with", TermlessKnows,
        "knows neither --accept-store nor --ignore-check of 'ips deploy'")]
    [InlineData("deploy build --name 2 --ignore-check x", "deploy-with", TermlessKnows,
        "knows neither --accept-store nor --ignore-check of 'ips deploy'")]
    [InlineData("rollback 0 --accept-store", "rollback-with", TermlessKnows,
        "knows neither --accept-store nor --ignore-check of 'ips rollback'")]
    public async Task Daemon_ThatDoesNotKnowTheVerb_ReloadsNothingAndTheLinkStays(string line, string verb, string known, string message)
    {
        using var daemon = Daemon(TermlessStatus, known);
        var release = verb.StartsWith("deploy", StringComparison.Ordinal) ? "2" : "0";
        await AssertFailsAsync(line, $"The running daemon is of a release that {message} (unknown verb '{verb}'; known are {known}). "
            + $"Nothing was reloaded. 'current' still names 1; release {release} is in {_folder}/releases/{release}.");
        Assert.Equal(["status", "status", "status", verb], Verbs(daemon));
        var journal = DeployJournal.TryRead(Path.Combine(_folder, "releases"));
        Assert.Null(journal.Asked);
        Assert.Equal([], journal.Refused);
        Assert.Equal(release == "2" ? ["0", "1", "2"] : ["0", "1"], Shelved());
        Assert.Equal([], ReleaseShelf.LeftIn(Path.Combine(_folder, "releases")));
    }

    [Fact]
    public async Task Terms_AreAskedForByTheVerbsThatHaveThem()
    {
        using var daemon = Daemon(TermlessStatus, TermlessKnows);
        await RunAsync("deploy build --name 2 --accept-store --ignore-check a --ignore-check b");
        await RunAsync("rollback 0 --ignore-check a");
        Assert.Equal(
            ["""{"verb":"deploy-with","release":"2","accept":["store"],"ignoreChecks":["a","b"]}""",
            """{"verb":"rollback-with","release":"0","ignoreChecks":["a"]}"""],
            daemon.Requests.Where(request => request.Contains("-with", StringComparison.Ordinal)));
    }

    private async Task AssertFailsAsync(string line, string message)
    {
        Assert.Equal(CliExitCode.Failed, await RunAsync(line));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
        Assert.Equal("releases/1", new FileInfo(Path.Combine(_folder, "current")).LinkTarget);
    }

    private IEnumerable<string> Shelved() => Directory.EnumerateDirectories(Path.Combine(_folder, "releases"))
        .Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Verbs(FakeControlSocket daemon) => daemon.Requests.Select(Verb);

    private FakeControlSocket Daemon(string status, string known) => new($"{_folder}/ips.pid.sock", request => Verb(request) == "status"
        ? status.Replace("\n", "", StringComparison.Ordinal).Replace("FOLDER", _folder, StringComparison.Ordinal) + "\n"
        : $$"""{"kind":"error","final":true,"message":"unknown verb \u0027{{Verb(request)}}\u0027; known are {{known}}"}""" + "\n");

    private static string Verb(string request) => (string)JsonNode.Parse(request)!["verb"]!;

    private Task<int> RunAsync(string line)
    {
        var console = new CliConsole(_output, _error, _folder, TimeProvider.System);
        var actions = new CliActions(console, (_, _) => throw new InvalidOperationException("nothing is served here"),
            new FakeLauncher(_ => 1), () => new("/bin/ips", []));
        return CliParser.InvokeAsync(RootCommandFactory.Create(actions), line.Split(' '), _output, _error).WaitAsync(Bound);
    }
}
