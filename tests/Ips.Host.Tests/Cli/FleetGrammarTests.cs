using System.CommandLine;
using Ips.Fleet.Rollouts;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

/// <summary>What may be typed of fleets: <c>ips reload --fleet</c>, <c>ips fleet</c> and <c>ips agent</c>.</summary>
public sealed class FleetGrammarTests : IDisposable
{
    private static readonly RolloutTerms Defaults = new(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10));

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-fleet-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Fleet_Alone_AsksForTheDefaults() =>
        Assert.Equal(new RolloutCommand("web", Defaults, null, false), await RolledOutAsync("--fleet", "web"));

    [Fact]
    public async Task Fleet_EveryOption_IsUnderstood()
    {
        var terms = new RolloutTerms(TimeSpan.FromSeconds(60), TimeSpan.FromHours(1))
        {
            Release = "43", Canary = 1, WaveNodes = 5, RollsBack = true, AllowMissing = 2,
        };
        Assert.Equal(new RolloutCommand("web", terms, "agent.conf", true), await RolledOutAsync("--fleet", "web", "--release", "43",
            "--canary", "1", "--wave", "5", "--bake", "60s", "--deadline", "1h", "--on-failure", "rollback", "--allow-missing", "2",
            "--agent", "agent.conf", "--json"));
    }

    [Theory]
    [InlineData("1%", null, 1)]
    [InlineData("100%", null, 100)]
    [InlineData("1", 1, null)]
    [InlineData("400", 400, null)]
    public async Task Wave_NumberOrShare_IsTakenAsWhatItIs(string wave, int? nodes, int? percent)
    {
        var terms = (await RolledOutAsync("--fleet", "web", "--wave", wave)).Terms;
        Assert.Equal((nodes, percent), (terms.WaveNodes, terms.WavePercent));
    }

    [Theory]
    [InlineData("--bake", "0s")]
    [InlineData("--bake", "24h")]
    [InlineData("--deadline", "10s")]
    [InlineData("--deadline", "24h")]
    public async Task Times_AtTheirLimits_AreTaken(string option, string value) => await RolledOutAsync("--fleet", "web", option, value);

    [Theory]
    [InlineData("--canary needs --fleet.", "reload --canary 1")]
    [InlineData("--wave needs --fleet.", "reload --wave 25%")]
    [InlineData("--bake needs --fleet.", "reload --bake 60s")]
    [InlineData("--deadline needs --fleet.", "reload --deadline 60s")]
    [InlineData("--on-failure needs --fleet.", "reload --on-failure halt")]
    [InlineData("--allow-missing needs --fleet.", "reload --allow-missing 1")]
    [InlineData("--release needs --fleet.", "reload --release 43")]
    [InlineData("--agent needs --fleet.", "reload --agent a.conf")]
    [InlineData("--pid-file is for one daemon; it cannot be given with --fleet.", "reload --fleet web --pid-file p")]
    [InlineData("--pid is for one daemon; it cannot be given with --fleet.", "reload --fleet web --pid 4")]
    [InlineData("--check is for one daemon; it cannot be given with --fleet.", "reload --fleet web --check")]
    [InlineData("--timeout is for one daemon; it cannot be given with --fleet.", "reload --fleet web --timeout 5s")]
    [InlineData("--no-queue is for one daemon; it cannot be given with --fleet.", "reload --fleet web --no-queue")]
    [InlineData("--config is for one daemon; it cannot be given with --fleet.", "reload --fleet web --config c")]
    [InlineData("--canary is -1; it must be a number from 0.", "reload --fleet web --canary=-1")]
    [InlineData("--canary is all; it must be a number from 0.", "reload --fleet web --canary all")]
    [InlineData("--wave is 0; it must be a number from 1, or from 1% to 100%.", "reload --fleet web --wave 0")]
    [InlineData("--wave is 101%; it must be", "reload --fleet web --wave 101%")]
    [InlineData("--wave is 0%; it must be", "reload --fleet web --wave 0%")]
    [InlineData("--wave is 2.5%; it must be", "reload --fleet web --wave 2.5%")]
    [InlineData("--bake is 60; it must be a duration with a unit", "reload --fleet web --bake 60")]
    [InlineData("--bake is 25h; it must be", "reload --fleet web --bake 25h")]
    [InlineData("--deadline is 9s; it must be", "reload --fleet web --deadline 9s")]
    [InlineData("--on-failure is retry; it must be halt or rollback.", "reload --fleet web --on-failure retry")]
    [InlineData("--allow-missing is some; it must be a number from 0.", "reload --fleet web --allow-missing some")]
    [InlineData("'--pid-file'", "fleet status web --pid-file p")]
    [InlineData("'--rollback'", "fleet pause web --rollback")]
    [InlineData("'--canary'", "fleet resume web --canary 1")]
    [InlineData("ips fleet", "fleet")]
    [InlineData("status", "fleet statsu web")]
    [InlineData("'--seed'", "agent init a 127.0.0.1:1 --seed 127.0.0.1:2")]
    [InlineData("--ca", "agent add b 127.0.0.1:1 --seed 127.0.0.1:2")]
    public async Task Usage_Wrong_IsExitCode2(string message, string line)
    {
        var (code, output, error) = await RunAsync(line.Split(' '));
        Assert.Equal((CliExitCode.Configuration, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Contains("Try 'ips ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("reload --fleet web")]
    [InlineData("fleet status web")]
    [InlineData("fleet plan web")]
    [InlineData("fleet pause web")]
    [InlineData("fleet resume web")]
    [InlineData("fleet abort web --rollback")]
    [InlineData("fleet history web")]
    [InlineData("fleet forget web b")]
    public async Task Verb_WithoutAnAgentsConfiguration_IsExitCode2AndSaysWhatMakesOne(string line)
    {
        var (code, output, error) = await RunAsync([.. line.Split(' '), "--agent", "missing.conf"]);
        Assert.Equal((CliExitCode.Configuration, ""), (code, output));
        Assert.Contains(Path.Combine(_folder, "missing.conf"), error, StringComparison.Ordinal);
        Assert.Contains("'ips agent init' makes", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_WithAWrongConfiguration_IsExitCode2AndNamesEveryProblem()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "agent.conf"), "ips.agent { name = a, down-after = 1s, speed = 9 }");
        var (code, output, error) = await RunAsync("agent", "--config", "agent.conf");
        Assert.Equal((CliExitCode.Configuration, ""), (code, output));
        foreach (var key in new[] { "address is missing", "seeds is missing", "fleets is missing", "down-after is '1s'",
            "speed is not a known key" })
            Assert.Contains($"ips.agent.{key}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_InitAndAdd_MakeFilesThatTheConfigurationsReaderTakes()
    {
        var (code, output, error) = await RunAsync("agent", "init", "a", "127.0.0.1:4701", "--into", "a", "--fleet", "web=a.pid,app");
        Assert.Equal((CliExitCode.Ok, ""), (code, error));
        Assert.Contains("ips agent add NAME HOST:PORT", output, StringComparison.Ordinal);
        (code, output, error) = await RunAsync("agent", "add", "b", "127.0.0.1:4702", "--ca", "a/fleet-ca", "--seed", "127.0.0.1:4701");
        Assert.Equal((CliExitCode.Ok, ""), (code, error));
        Assert.DoesNotContain("--witness", output, StringComparison.Ordinal); // there is no such option

        var first = Ips.Host.Fleet.AgentFile.Load("a/agent.conf", _folder);
        var service = Assert.Single(first.Fleets);
        Assert.Equal(("web", Path.Combine(_folder, "a.pid"), Path.Combine(_folder, "app")), (service.Fleet, service.PidFile, service.Into));
        Assert.True(Ips.Host.Fleet.AgentFile.Load("b/agent.conf", _folder).Witness); // no fleet was named

        (code, _, error) = await RunAsync("agent", "init", "a", "127.0.0.1:4701", "--into", "a");
        Assert.Equal(CliExitCode.Failed, code);
        Assert.Contains("exists already", error, StringComparison.Ordinal);
        (code, _, error) = await RunAsync("agent", "add", "c", "everywhere", "--ca", "a/fleet-ca", "--seed", "127.0.0.1:4701");
        Assert.Equal(CliExitCode.Configuration, code);
        Assert.Contains("HOST:PORT", error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var code = await CliParser.InvokeAsync(CliGrammars.Whole(_folder, output, error), args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    private static async Task<RolloutCommand> RolledOutAsync(params string[] args)
    {
        var actions = new CliGrammarTests.Recorder();
        using StringWriter output = new(), error = new();
        var code = await CliParser.InvokeAsync(RootCommandFactory.Create(actions), ["reload", .. args], output, error);
        Assert.Equal((CliExitCode.Ok, ""), (code, error.ToString()));
        return Assert.IsType<RolloutCommand>(actions.Ran);
    }
}
