using Akka.Configuration;
using Ips.Actors.Configuration;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Tests.Configuration;

public sealed class HoconBindingTests
{
    private const string File = "/etc/ips.conf";

    [Fact]
    public void Read_AllKeys_SetsTheOptions()
    {
        var options = new IpsOptions();
        var problems = HoconFile.Parse("""
            ips {
              pid-file = run/ips.pid, log-file = /var/log/ips.log
              generation-header = off
              drain { timeout = 20s, lame-duck = 500ms }
              reload { ready-timeout = 2m, probation = 0s, health-interval = 250ms, kill-timeout = 1s }
            }
            ips.listener.backlog : 128
            """, File).Read(IpsKeys.All, options, "/etc");

        Assert.Empty(problems);
        Assert.Equal(("/etc/run/ips.pid", "/var/log/ips.log", false, 128),
            (options.PidFile, options.LogFile, options.GenerationHeader, options.Listener.Backlog));
        Assert.Equal((TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(500)), (options.Drain.Timeout, options.Drain.LameDuck));
        Assert.Equal((TimeSpan.FromMinutes(2), TimeSpan.Zero), (options.Reload.ReadyTimeout, options.Reload.Probation));
        Assert.Equal((TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(1)),
            (options.Reload.HealthInterval, options.Reload.KillTimeout));
    }

    [Fact]
    public void Read_ManyBadValues_ListsEachWithLineValueLimitAndKey()
    {
        var options = new IpsOptions();
        var problems = HoconFile.Parse("""
            ips {
              drain {
                timeout = 30
                lame-duck = infinite
              }
              reload.ready-timeout = 2h
              listener { backlog = many }
              generation-header = perhaps
              drain.timout = 3s
              reload = 5
              timeout = 3s
            }
            akka.loglevel = DEBUG
            """, File).Read(IpsKeys.All, options, "/etc");

        Assert.Equal(
        [
            "/etc/ips.conf:3: ips.drain.timeout is 30; it must be a duration with a unit, from 1s to 1h (a bare number has no unit, "
                + "HOCON would read it as 30 ms: write 30s or 30ms).",
            "/etc/ips.conf:4: ips.drain.lame-duck is infinite; it must be a duration with a unit, from 0s to 1h (waiting without a limit "
                + "is not offered: a limit is what keeps a hang from lasting for ever).",
            "/etc/ips.conf:6: ips.reload.ready-timeout has no effect: another line gives ips.reload.ready-timeout or a block around it "
                + "another kind of value.",
            "/etc/ips.conf:7: ips.listener.backlog is many; it must be a whole number of connections, from 1 to 65535.",
            "/etc/ips.conf:8: ips.generation-header is perhaps; it must be true or false (on, off, yes and no do as well).",
            "/etc/ips.conf:9: ips.drain.timout is not a known key; did you mean ips.drain.timeout?",
            "/etc/ips.conf:10: ips.reload is 5; it must be a block of keys, ips.reload { ... }.",
            "/etc/ips.conf:11: ips.timeout is not a known key; did you mean ips.drain.timeout?",
            "/etc/ips.conf:13: akka is not a known key.",
        ], problems.Select(problem => problem.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(30), options.Drain.Timeout);
        Assert.Equal(4096, options.Listener.Backlog);
    }

    [Theory]
    [InlineData("ips.drain.timeout = [1s]", "ips.drain.timeout is the list [1s]; it must be a duration")]
    [InlineData("ips.drain.timeout { a = 1 }", "ips.drain.timeout is a block { ... }; it must be a duration")]
    [InlineData("ips.drain.timeout = null", "ips.drain.timeout is empty; it must be a duration")]
    [InlineData("ips.drain.timeout = -5s", "ips.drain.timeout is -5s; it must be a duration with a unit, from 1s to 1h.")]
    [InlineData("ips.drain.timeout = 61m", "ips.drain.timeout is 61m; it must be a duration with a unit, from 1s to 1h.")]
    [InlineData("ips.listener.backlog = 65536",
        "ips.listener.backlog is 65536; it must be a whole number of connections, from 1 to 65535.")]
    [InlineData("ips.listener.backlog = 1.5", "ips.listener.backlog is 1.5; it must be a whole number")]
    [InlineData("ips.pid-file = run/", "ips.pid-file is run/; it must be the path of a file, or null (it names a directory).")]
    [InlineData("ips.pid-file = [a]", "ips.pid-file is the list [a]; it must be the path of a file, or null.")]
    public void Read_OneBadValue_IsRefused(string text, string message)
    {
        var problem = Assert.Single(HoconFile.Parse(text, File).Read(IpsKeys.All, new IpsOptions(), null));
        Assert.StartsWith(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(1, problem.Line);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("ips {}")]
    [InlineData("ips { pid-file = null, log-file = \"\" }")]
    public void Read_NothingSet_LeavesTheDefaults(string text)
    {
        var options = new IpsOptions();
        Assert.Empty(HoconFile.Parse(text, File).Read(IpsKeys.All, options, "/etc"));
        Assert.Empty(IpsKeys.All.Check(options));
        Assert.Null(options.PidFile);
        Assert.Null(options.LogFile);
    }

    [Fact]
    public void Read_BrokenSyntax_NamesFileAndLine()
    {
        var problem = Assert.Single(HoconFile.Parse("ips {\n  drain {\n    timeout = 30s\n  }\n", File)
            .Read(IpsKeys.All, new IpsOptions(), null));
        Assert.Equal("/etc/ips.conf:1: the block that is opened here is never closed; a '}' is missing.", problem.ToString());
    }

    [Fact]
    public void Read_ScalarInPlaceOfItsOwnBlock_IsNotReadAsSomethingElse()
    {
        var problems = HoconFile.Parse("ips.drain.timeout = 9s\nips.drain = 5", File).Read(IpsKeys.All, new IpsOptions(), null);
        Assert.NotEmpty(problems);
        Assert.All(problems, problem => Assert.InRange(problem.Line ?? 0, 1, 2));
    }

    [Fact]
    public void CheckRules_LameDuckOfAllTheTimeout_PointsAtItsLine()
    {
        const string text = "ips.drain {\n  timeout = 5s\n  lame-duck = 5s\n}";
        var options = new IpsOptions();
        var file = HoconFile.Parse(text, File);
        Assert.Empty(file.Read(IpsKeys.All, options, null));

        var (key, message) = Assert.Single(IpsKeys.All.CheckRules(options, []));
        var problem = file.At(key, message);
        Assert.Equal("/etc/ips.conf:3: ips.drain.lame-duck is 5s; it must be less than ips.drain.timeout, which is 5s.",
            problem.ToString());
        Assert.Empty(IpsKeys.All.CheckRules(options, ["ips.drain.timeout"]));
    }

    [Fact]
    public void Bind_AkkaConfig_SetsTheOptions()
    {
        var options = new IpsOptions();
        HoconBinding.Bind(ConfigurationFactory.ParseString("akka.loglevel = DEBUG\nips.drain.timeout = 7s"), options);
        Assert.Equal(TimeSpan.FromSeconds(7), options.Drain.Timeout);

        HoconBinding.Bind(Config.Empty, options);
        HoconBinding.Bind(ConfigurationFactory.ParseString("akka.loglevel = DEBUG"), options);
        Assert.Equal(TimeSpan.FromSeconds(7), options.Drain.Timeout);
    }

    [Fact]
    public void Bind_BadValues_ThrowsOneErrorThatListsThem()
    {
        var error = Assert.Throws<OptionsValidationException>(() =>
            HoconBinding.Bind(ConfigurationFactory.ParseString("ips { drain.timeout = 7, listener.backlog = 0 }"), new IpsOptions()));
        Assert.Equal(2, error.Failures.Count());
    }
}
