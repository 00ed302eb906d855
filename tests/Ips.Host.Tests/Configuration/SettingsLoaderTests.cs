using Ips.Actors.Diagnostics;
using Ips.Host.Cli;
using Ips.Host.Configuration;
using Microsoft.Extensions.Logging;

namespace Ips.Host.Tests.Configuration;

[Collection(nameof(SettingsLoader.DefaultLogVariable))] // a variable of the process
public sealed class SettingsLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_NothingGiven_IsTheDefaultInTheCurrentDirectory()
    {
        var (settings, problems) = SettingsLoader.Load(new(), _folder, needsLogFile: false);
        Assert.Empty(problems);
        Assert.Equal(["http://127.0.0.1:8080"], settings.Endpoints);
        Assert.Equal($"{_folder}/ips.pid", settings.Ips.PidFile);
        Assert.Null(settings.Ips.LogFile);
        Assert.Equal((LogLevel.Information, LineFormat.Line, _folder), (settings.LogLevel, settings.LogFormat, settings.Directory));
    }

    // What `ips start` has chosen itself ranks below the file, what its user has typed above it.
    [Theory]
    [InlineData("chosen.log", null, "chosen.log")]
    [InlineData("chosen.log", "file.log", "file.log")]
    [InlineData("typed.log", "file.log", "typed.log")]
    public void Load_LogFile_OfTheCommandLineRanksBelowTheFileOnlyAsADefault(string option, string? inFile, string used)
    {
        File.WriteAllText($"{_folder}/a.conf", inFile is null ? "" : $"ips.log-file = {inFile}");
        Environment.SetEnvironmentVariable(SettingsLoader.DefaultLogVariable, $"{_folder}/chosen.log");
        var (settings, problems) = SettingsLoader.Load(new() { Config = "a.conf", LogFile = $"{_folder}/{option}" }, _folder,
            needsLogFile: false);
        Environment.SetEnvironmentVariable(SettingsLoader.DefaultLogVariable, null);
        Assert.Empty(problems);
        Assert.Equal($"{_folder}/{used}", settings.Ips.LogFile);
        Assert.Equal(option == "typed.log" ? [new("ips.log-file", $"{_folder}/file.log", "--log-file")] : [], settings.Outranked);
    }

    [Fact]
    public void Load_StorePath_IsInTheDirectoryUnlessTheFileSaysOtherwise()
    {
        Directory.CreateDirectory($"{_folder}/etc");
        File.WriteAllText($"{_folder}/etc/a.conf", "ips.store.path = data/a.db");
        Assert.Equal($"{_folder}/ips.db", SettingsLoader.Load(new(), _folder, needsLogFile: false).Settings.Store.Path);
        Assert.Equal($"{_folder}/etc/ips.db", SettingsLoader
            .Load(new() { Directory = "etc" }, _folder, needsLogFile: false).Settings.Store.Path);
        Assert.Equal($"{_folder}/etc/data/a.db", SettingsLoader
            .Load(new() { Config = "etc/a.conf" }, _folder, needsLogFile: false).Settings.Store.Path);
    }

    [Theory]
    [InlineData("ips.store.postgres = \"Host=db;Password=geheim\"", 0)]
    [InlineData("ips.store.postgres = \"Password=geheim\"", 1)]
    [InlineData("ips.store.postgres = Host=db;Password=geheim", 1)]
    [InlineData("ips.store.postgres = [geheim]", 1)]
    [InlineData("ips.store.postgres { Password = geheim }", 1)]
    public void Load_ConnectionString_IsNeverShown(string text, int problems)
    {
        File.WriteAllText($"{_folder}/ips.conf", text);
        var loaded = SettingsLoader.Load(new() { Config = "ips.conf" }, _folder, needsLogFile: false);
        Assert.Equal(problems, loaded.Problems.Count);
        Assert.DoesNotContain("geheim", SettingsLoader.Describe(loaded.Problems) + CheckText.Write(loaded.Settings),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Start_HasALogFile() =>
        Assert.Equal($"{_folder}/ips.log", SettingsLoader.Load(new(), _folder, needsLogFile: true).Settings.Ips.LogFile);

    [Fact]
    public void Load_PathsInTheFile_AreRelativeToItThoseTypedToTheDirectory()
    {
        Directory.CreateDirectory($"{_folder}/etc");
        File.WriteAllText($"{_folder}/etc/ips.conf",
            "ips { pid-file = run/a.pid, log-file = a.log, urls = \"http://*:80;http://unix:/run/x.sock\", log { level = WARNING, format "
            + "= json } }");

        var (settings, problems) = SettingsLoader.Load(new() { Config = "etc/ips.conf", LogFile = "b.log" }, _folder, needsLogFile: true);
        Assert.Empty(problems);
        Assert.Equal(($"{_folder}/etc/run/a.pid", $"{_folder}/b.log"), (settings.Ips.PidFile, settings.Ips.LogFile));
        Assert.Equal(["http://*:80", "http://unix:/run/x.sock"], settings.Urls);
        Assert.Equal((LogLevel.Warning, LineFormat.Json), (settings.LogLevel, settings.LogFormat));
        Assert.Equal($"{_folder}/etc/ips.conf", settings.ConfigFile);
    }

    [Fact]
    public void Load_CommandLine_OverridesTheFile()
    {
        File.WriteAllText($"{_folder}/ips.conf", "ips { pid-file = a.pid, urls = [\"http://*:80\"], log.format = json }");
        var (settings, problems) = SettingsLoader.Load(
            new() { Config = "ips.conf", Urls = "http://127.0.0.1:0", PidFile = "/run/b.pid", LogFormat = "line", Directory = "." },
                _folder, needsLogFile: false);
        Assert.Empty(problems);
        Assert.Equal(["http://127.0.0.1:0"], settings.Urls);
        Assert.Equal(("/run/b.pid", LineFormat.Line), (settings.Ips.PidFile, settings.LogFormat));
    }

    [Fact]
    public void Load_DirectoryThroughALink_KeepsTheLink()
    {
        Directory.CreateDirectory($"{_folder}/releases/1");
        Directory.CreateSymbolicLink($"{_folder}/current", $"{_folder}/releases/1");
        var (settings, problems) = SettingsLoader.Load(new() { Directory = "current", PidFile = "../ips.pid" }, _folder,
            needsLogFile: false);
        Assert.Empty(problems);
        Assert.Equal($"{_folder}/current", settings.Directory);
        Assert.Equal($"{_folder}/current/../ips.pid", settings.Ips.PidFile); // the kernel's: releases/ips.pid
    }

    [Fact]
    public void Load_ManyErrorsFromBothSources_AreOneErrorThatListsThem()
    {
        File.WriteAllText($"{_folder}/ips.conf", """
            ips {
              urls = ["http://127.0.0.1:70000"]
              log.level = loud
              drain { timeout = 30, lame-duck = 40s }
              reload { probation = 2s }
              reload.porbation = 2s
            }
            """);
        var (_, problems) = SettingsLoader.Load(new() { Config = "ips.conf", Urls = "ftp://x", LogFile = "logs/", Directory = _folder },
            "/", needsLogFile: false);

        const string urls = "it must be a list of http or https URLs, each with a port from 0 to 65535";
        const string port = "'http://127.0.0.1:70000' has the port 70000; ports are from 0 to 65535";
        const string unit = "a bare number has no unit, HOCON would read it as 30 ms: write 30s or 30ms";
        Assert.Equal(
            $"""
            7 errors in the configuration; nothing was started or changed:
              {_folder}/ips.conf:2: ips.urls is the list [http://127.0.0.1:70000]; {urls} ({port}).
              {_folder}/ips.conf:3: ips.log.level is loud; it must be one of trace, debug, information, warning, error, critical, none.
              {_folder}/ips.conf:4: ips.drain.timeout is 30; it must be a duration with a unit, from 1s to 1h ({unit}).
              {_folder}/ips.conf:6: ips.reload.porbation is not a known key; did you mean ips.reload.probation?
              --urls: ips.urls is ftp://x; {urls} ('ftp://x' has the scheme ftp; http and https are served).
              --log-file: ips.log-file is logs/; it must be the path of a file, or null (it names a directory).
            """.Replace("7 errors", "6 errors", StringComparison.Ordinal),
            SettingsLoader.Describe(problems)); // the lame duck of 40s is not judged: the timeout that it is measured by is not known
    }

    [Fact]
    public void Load_RuleAmongOtherErrors_IsListedToo()
    {
        File.WriteAllText($"{_folder}/ips.conf", "ips.drain.lame-duck = 40s\nips.listener.backlog = 0");
        var (_, problems) = SettingsLoader.Load(new() { Config = "ips.conf" }, _folder, needsLogFile: false);
        Assert.Equal([2, 1], problems.Select(problem => problem.Line));
    }

    [Theory]
    [InlineData("missing.conf", "there is no such file")]
    [InlineData("no/such/missing.conf", "there is no such file")]
    [InlineData(".", "it is a directory")]
    public void Load_ConfigThatCannotBeRead_SaysWhy(string config, string why)
    {
        var problem = Assert.Single(SettingsLoader.Load(new() { Config = config }, _folder, needsLogFile: false).Problems);
        Assert.Contains(why, problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_DirectoryMissing_SaysSo() =>
        Assert.Equal($"--directory: {_folder}/nowhere is not a directory.",
            Assert.Single(SettingsLoader.Load(new() { Directory = "nowhere" }, _folder, needsLogFile: false).Problems).ToString());

    [Fact]
    public void Load_KestrelEndpoints_ReplaceTheDefaultUrl()
    {
        File.WriteAllText($"{_folder}/ips.conf", """
            ips.kestrel {
              Endpoints.Public {
                Url = "https://*:8443", Protocols = Http1
                Certificate { Path = tls/site.pfx, KeyPath = /abs/key.pem, Password = secret }
              }
              Certificates.Default.Path = default.pfx
              EndpointDefaults.Protocols = Http1AndHttp2
            }
            """);
        var (settings, problems) = SettingsLoader.Load(new() { Config = "ips.conf" }, _folder, needsLogFile: false);
        Assert.Empty(problems);
        Assert.Equal(["https://*:8443"], settings.Endpoints);
        var configuration = settings.ToConfiguration();
        Assert.Equal("", configuration["urls"]);
        Assert.Equal($"{_folder}/tls/site.pfx", configuration["Kestrel:Endpoints:Public:Certificate:Path"]);
        Assert.Equal("/abs/key.pem", configuration["Kestrel:Endpoints:Public:Certificate:KeyPath"]);
        Assert.Equal("secret", configuration["Kestrel:Endpoints:Public:Certificate:Password"]);
        Assert.Equal($"{_folder}/default.pfx", configuration["Kestrel:Certificates:Default:Path"]);
        Assert.Equal("Http1AndHttp2", configuration["Kestrel:EndpointDefaults:Protocols"]);
    }

    [Theory]
    [InlineData("ips.kestrel.Endpoints.A.Url = \"http://*:1\"\nips.urls = [\"http://*:2\"]", 2,
        "ips.urls is http://*:2; it must be [] as ips.kestrel.Endpoints names the endpoints")]
    [InlineData("ips.urls = []", 1, "ips.urls is []; it must name at least one address")]
    [InlineData("ips.kestrel.Limits.MaxConcurrentConnections = 5", 1, "Limits is nothing that Kestrel reads")]
    [InlineData("ips {\n kestrel.Endpoints.A.Protocols = Http1\n}", 2, "the endpoint A has no Url")]
    [InlineData("ips.kestrel.Endpoints.A.Url = \"gopher://x\"", 1, "has the scheme gopher")]
    [InlineData("ips.kestrel = 5", 1, "ips.kestrel is 5; it must be a block")]
    public void Load_EndpointsThatCannotBe_AreRefusedWithTheirLine(string text, int line, string message)
    {
        File.WriteAllText($"{_folder}/ips.conf", text);
        var problem = Assert.Single(SettingsLoader.Load(new() { Config = "ips.conf" }, _folder, needsLogFile: false).Problems);
        Assert.Equal(line, problem.Line);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LogLevel.Information, "Warning")]
    [InlineData(LogLevel.Debug, "Debug")]
    [InlineData(LogLevel.Error, "Error")]
    [InlineData(LogLevel.None, "None")]
    public void ToConfiguration_LogLevel_QuietensTheFramework(LogLevel level, string framework) =>
        Assert.Equal(framework, new DaemonSettings { LogLevel = level }.ToConfiguration()["Logging:LogLevel:Microsoft"]);

    [Fact]
    public void Load_FileThatWasChanged_IsJudgedByTheSameCommandLine()
    {
        Directory.CreateDirectory($"{_folder}/d");
        File.WriteAllText($"{_folder}/d/ips.conf", "ips.drain.timeout = 5s");
        DaemonArguments arguments = new() { Config = "ips.conf", Directory = "d", PidFile = "x.pid" };
        Assert.Empty(SettingsLoader.Load(arguments, _folder, needsLogFile: false).Problems);
        File.WriteAllText($"{_folder}/d/ips.conf", "ips.drain.timeout = 6s");
        var (second, problems) = SettingsLoader.Load(arguments, _folder, needsLogFile: false);
        Assert.Empty(problems);
        Assert.Equal((TimeSpan.FromSeconds(6), $"{_folder}/d/x.pid"), (second.Ips.Drain.Timeout, second.Ips.PidFile));

        File.WriteAllText($"{_folder}/d/ips.conf", "ips.drain.timeout = 6");
        Assert.Equal(1, Assert.Single(SettingsLoader.Load(arguments, _folder, needsLogFile: false).Problems).Line);
    }
}
