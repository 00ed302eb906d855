using System.CommandLine;
using Ips.Host.Cli;
using Ips.Host.Configuration;

namespace Ips.Host.Tests.Cli;

public sealed class CliGrammarTests
{
    private static readonly string[] Daemon = ["--config", "c", "--urls", "u", "--pid-file", "p", "--log-file", "l", "--log-format", "json",
        "--directory", "d"];
    private static readonly DaemonArguments AllDaemon = new()
    {
        Config = "c", Urls = "u", PidFile = "p", LogFile = "l", LogFormat = "json",
        Directory = "d"
    };
    private static readonly string[] Client = ["--config", "c", "--pid-file", "p", "--directory", "d", "--json"];
    private static readonly DaemonTarget AllClient = new() { Daemon = new() { Config = "c", PidFile = "p", Directory = "d" } };
    private static readonly TimeSpan NinetySeconds = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Verbs_Bare_AskForTheDefaults()
    {
        Assert.Equal(new RunCommand(new()), await ParseAsync("run"));
        Assert.Equal(new StartCommand(new(), null), await ParseAsync("start"));
        Assert.Equal(new CheckCommand(new(), false), await ParseAsync("check"));
        Assert.Equal(new ReloadCommand(new(), false, null), await ParseAsync("reload"));
        Assert.Equal(new RollbackCommand(new()), await ParseAsync("rollback"));
        Assert.Equal(new StopCommand(new(), false, null), await ParseAsync("stop"));
        Assert.Equal(new StatusCommand(new(), false), await ParseAsync("status"));
        Assert.Equal(new HistoryCommand(new(), false), await ParseAsync("history"));
    }

    [Fact]
    public async Task Verbs_EveryOption_IsUnderstood()
    {
        Assert.Equal(new RunCommand(AllDaemon), await ParseAsync(["run", .. Daemon]));
        Assert.Equal(new StartCommand(AllDaemon, NinetySeconds), await ParseAsync(["start", .. Daemon, "--timeout", "90s"]));
        Assert.Equal(new CheckCommand(AllDaemon, true), await ParseAsync(["check", .. Daemon, "--reference"]));
        Assert.Equal(new ReloadCommand(AllClient, true, NinetySeconds), await ParseAsync(["reload", .. Client, "--timeout=90s"]));
        Assert.Equal(new StopCommand(AllClient, true, NinetySeconds), await ParseAsync(["stop", "--timeout", "1.5m", .. Client]));
        Assert.Equal(new StatusCommand(AllClient, true), await ParseAsync(["status", .. Client]));
        Assert.Equal(new HistoryCommand(AllClient, true), await ParseAsync(["history", .. Client]));
        Assert.Equal(new ReloadCommand(AllClient, true, null, Check: true), await ParseAsync(["reload", .. Client, "--check"]));
        Assert.Equal(new ReloadCommand(new(), false, null, Check: true) { CheckFolder = "x" }, await ParseAsync("reload", "--check", "x"));
        Assert.Equal(new DeployCommand(AllClient, "x.zip", "n", "i", true, NinetySeconds),
            await ParseAsync(["deploy", "x.zip", "--name", "n", "--into", "i", .. Client, "--timeout", "90s"]));
        Assert.Equal(new RollbackCommand(AllClient, "n", "i", true, NinetySeconds),
            await ParseAsync(["rollback", "n", "--into", "i", .. Client, "--timeout", "90s"]));
        string[] all = ["--no-queue", "--accept-store", "--ignore-check", "a", "--ignore-check", "b"];
        foreach (var terms in new[]
        {
            Assert.IsType<ReloadCommand>(await ParseAsync(["reload", .. all])).Terms,
            Assert.IsType<DeployCommand>(await ParseAsync(["deploy", "x", .. all])).Terms,
            Assert.IsType<RollbackCommand>(await ParseAsync(["rollback", .. all])).Terms,
        })
        {
            Assert.Equal((true, true), (terms.NoQueue, terms.AcceptStore));
            Assert.Equal(["a", "b"], terms.IgnoreChecks);
        }

        Assert.Equal(new StartCommand(AllDaemon, null, LastGood: true), await ParseAsync(["start", .. Daemon, "--last-good"]));
        Assert.Equal(new StatusCommand(new() { Pid = 42, Daemon = new() { Directory = "d" } }, false),
            await ParseAsync("status", "--pid", "42", "--directory", "d"));
    }

    [Fact]
    public async Task Urls_SeveralForms_AreJoined()
    {
        var expected = new RunCommand(new() { Urls = "http://a;http://b" });
        Assert.Equal(expected, await ParseAsync("run", "--urls", "http://a;http://b"));
        Assert.Equal(expected, await ParseAsync("run", "--urls", "http://a", "--urls", "http://b"));
        Assert.Equal(expected, await ParseAsync("run", "--urls=http://a", "--urls=http://b"));
    }

    [Fact]
    public async Task Values_ThatBeginWithAnAt_AreNotResponseFiles() =>
        Assert.Equal(new RunCommand(new() { PidFile = "@p" }), await ParseAsync("run", "--pid-file", "@p"));

    [Theory]
    [InlineData("ips needs a command; these are: run, ", "")]
    [InlineData("'serve' is no command; these are: run, supervise, start, reload, deploy, rollback, stop, pause, resume, status, top, "
        + "history, check, doctor, completion, man.", "serve")]
    [InlineData("'relaod' is no command; did you mean reload?", "relaod")]
    [InlineData("'--jsno' is no option of 'ips status'; did you mean --json?", "status --jsno")]
    [InlineData("'extra'", "run extra")]
    [InlineData("'--port'", "run --port 80")]
    [InlineData("--config", "run --config")]
    [InlineData("--pid-file", "run --pid-file a --pid-file b")]
    [InlineData("--log-format is xml; it must be line or json.", "run --log-format xml")]
    [InlineData("'--json'", "run --json")]
    [InlineData("'--urls'", "stop --urls http://x")]
    [InlineData("--pid is 0; it must be a process id, from 1.", "status --pid 0")]
    [InlineData("--pid is -1; it must be a process id, from 1.", "stop --pid=-1")]
    [InlineData("--pid is me; it must be a process id, from 1.", "reload --pid me")]
    [InlineData("--pid-file and --config cannot be given with it", "status --pid 4 --pid-file x")]
    [InlineData("no other option can be given with it", "doctor --pid 4 --config x")]
    [InlineData("--timeout is 90; it must be a duration with a unit", "stop --timeout 90")]
    [InlineData("--timeout is 0s; it must be", "stop --timeout 0s")]
    [InlineData("--timeout is 25h; it must be", "start --timeout 25h")]
    [InlineData("--config is empty", "run --config ''")]
    [InlineData("Required argument missing for option: '--config'", "run --config=")]
    public async Task Usage_Wrong_IsExitCode2AndRunsNothing(string message, string line)
    {
        var (code, output, error,
            ran) = await InvokeAsync([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word == "''" ? "" : word)]);
        Assert.Equal((CliExitCode.Configuration, null, ""), (code, ran, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Contains("Try 'ips ", error, StringComparison.Ordinal);
        Assert.All(error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            l => Assert.True(l.StartsWith("ips: ", StringComparison.Ordinal) || l.StartsWith("Try ", StringComparison.Ordinal), l));
    }

    [Fact]
    public async Task Help_OfTheRoot_TellsAStrangerEverything()
    {
        var (code, output, _, ran) = await InvokeAsync("--help");
        Assert.Equal((CliExitCode.Ok, null), (code, ran));
        foreach (var word in new[] { "run", "start", "reload", "stop", "status", "check", "Exit codes:", "Signals", "Examples:", "USR2",
            "HUP", "TERM, INT, QUIT", "USR1", "kill -USR2 $(cat ips.pid)" })
            Assert.Contains(word, output, StringComparison.Ordinal);
        foreach (var (exit, _) in HelpText.ExitCodes) Assert.Contains($"\n  {exit}  ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("start")]
    [InlineData("reload")]
    [InlineData("deploy")]
    [InlineData("rollback")]
    [InlineData("stop")]
    [InlineData("status")]
    [InlineData("check")]
    public async Task Help_OfAVerb_DescribesEachOption(string verb)
    {
        var (code, output, _, ran) = await InvokeAsync(verb, "--help");
        Assert.Equal((CliExitCode.Ok, null), (code, ran));
        var command = RootCommandFactory.Create(new Recorder()).Subcommands.Single(c => c.Name == verb);
        Assert.All(command.Options, option => Assert.Contains(option.Name, output, StringComparison.Ordinal));
        Assert.All(command.Options, option => Assert.False(string.IsNullOrEmpty(option.Description)));
        Assert.DoesNotContain("Exit codes:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_Asked_IsPrinted()
    {
        var (code, output, _, ran) = await InvokeAsync("--version");
        Assert.Equal((CliExitCode.Ok, null), (code, ran));
        Assert.Matches(@"^\d+\.\d+", output);
    }

    [Fact]
    public async Task Verb_ExitCode_IsPassedOn()
    {
        var root = RootCommandFactory.Create(new Recorder { ExitCode = 4 });
        Assert.Equal(4, await CliParser.InvokeAsync(root, ["reload"], TextWriter.Null, TextWriter.Null));
    }

    [Fact]
    public async Task Verb_OfAnotherRoom_IsPartOfTheGrammar()
    {
        var other = new Command("import", "Import the inventory.");
        other.SetAction(_ => 7);
        var root = RootCommandFactory.Create(new Recorder(), other);
        Assert.Equal(7, await CliParser.InvokeAsync(root, ["import"], TextWriter.Null, TextWriter.Null));
    }

    [Fact]
    public async Task Verb_Exception_IsNotSwallowed()
    {
        var other = new Command("fail", "");
        other.SetAction(int (_) => throw new InvalidOperationException("bug"));
        var root = RootCommandFactory.Create(new Recorder(), other);
        await Assert.ThrowsAsync<InvalidOperationException>(() => CliParser.InvokeAsync(root, ["fail"], TextWriter.Null, TextWriter.Null));
    }

    private static async Task<CliCommand?> ParseAsync(params string[] args)
    {
        var (code, _, error, ran) = await InvokeAsync(args);
        Assert.Equal((CliExitCode.Ok, ""), (code, error));
        return ran;
    }

    private static async Task<(int Code, string Output, string Error, CliCommand? Ran)> InvokeAsync(params string[] args)
    {
        var recorder = new Recorder();
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var code = await CliParser.InvokeAsync(RootCommandFactory.Create(recorder), args, output, error);
        return (code, output.ToString(), error.ToString(), recorder.Ran);
    }

    internal sealed class Recorder : ICliActions
    {
        public int ExitCode { get; init; }

        public CliCommand? Ran { get; private set; }

        public Task<int> RunAsync(RunCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> SuperviseAsync(SuperviseCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> StartAsync(StartCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> CheckAsync(CheckCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> ReloadAsync(ReloadCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> RollOutAsync(RolloutCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> DeployAsync(DeployCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> RollbackAsync(RollbackCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> StopAsync(StopCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> PauseAsync(PauseCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> DoctorAsync(DoctorCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> StatusAsync(StatusCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> TopAsync(TopCommand command, CancellationToken cancellation) => Record(command);
        public Task<int> HistoryAsync(HistoryCommand command, CancellationToken cancellation) => Record(command);

        private Task<int> Record(CliCommand command)
        {
            Ran = command;
            return Task.FromResult(ExitCode);
        }
    }
}
