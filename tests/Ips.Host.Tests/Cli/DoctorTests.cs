using Ips.Host.Cli.Doctor;

namespace Ips.Host.Tests.Cli;

public sealed class DoctorTests
{
    private static readonly DoctorFacts Healthy = new()
    {
        Release = "1.2", Runtime = ".NET 10", ActorRuntime = "Akka.NET 1.5", Kernel = "6.1", Init = "systemd", Systemd = true, Pid = 77,
        User = "ips", RunAs = "ips",
        OpenFiles = 65536, MaxBacklog = 4096, Backlog = 4096, ConfigFile = "/etc/ips/ips.conf",
        Paths = [("PID file", "/run/ips/ips.pid", null)],
        Endpoints = [("http://127.0.0.1:8080", null)],
    };

    [Fact]
    public void Write_NothingIsWrong_SaysSo()
    {
        Assert.Empty(DoctorRules.Problems(Healthy));
        var text = DoctorText.Write(Healthy);
        Assert.EndsWith("No problem was found.", text, StringComparison.Ordinal);
        foreach (var part in new[] { "Akka.NET 1.5", "systemd", "/run/ips/ips.pid", "http://127.0.0.1:8080", "65536" }) Assert
            .Contains(part, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_Each_HasARemedyAndThoseThatPreventComeFirst()
    {
        var problems = DoctorRules.Problems(Healthy with
        {
            ConfigFile = null,
            OpenFiles = 256,
            MaxBacklog = 128,
            RunningPid = 5,
            UserFault = "no such user",
            ConfigProblems = ["ips.urls is wrong"],
            Paths = [("log file", "/var/log/ips.log", "Permission denied")],
            Endpoints = [("http://*:80", "Permission denied")],
        });
        Assert.Equal([true, true, true, true, true, false, false, false], problems.Select(problem => problem.Prevents));
        Assert.All(problems, problem => Assert.NotEqual("", problem.Remedy));
    }

    [Fact]
    public void OverwrittenFiles_Each_HasARemedyAndPreventsNothing()
    {
        var problem = Assert.Single(DoctorRules.OverwrittenFiles(["/srv/app.log"]));
        Assert.False(problem.Prevents);
        var text = DoctorText.Problems([problem]);
        Assert.StartsWith("1 problem:", text, StringComparison.Ordinal);
        Assert.Contains("/srv/app.log is open for writing without O_APPEND", text, StringComparison.Ordinal);
        Assert.Contains("shared: true", text, StringComparison.Ordinal);
        Assert.Equal("No problem was found.", DoctorText.Problems([]));
    }

    [Fact]
    public void RunningProcess_Own_CanBeLookedAtAndOneThatIsGoneCannot()
    {
        Assert.Null(RunningProcess.Fault(Environment.ProcessId));
        Assert.Equal($"there is no process {int.MaxValue}", RunningProcess.Fault(int.MaxValue));
    }

    [Fact]
    public void Manner_TellsTheSurroundingsApart()
    {
        string[] manners =
        [
            .. new[]
            {
                Healthy, Healthy with { SystemdUnit = true }, Healthy with { Pid = 1, SupervisorProcess = true },
                    Healthy with { SupervisorProcess = true },
                Healthy with { HangupIgnored = true },
            }.Select(DoctorRules.Manner),
        ];
        Assert.Equal(manners.Length, manners.Distinct().Count());
        Assert.StartsWith("as PID 1", manners[2], StringComparison.Ordinal);
    }
}
