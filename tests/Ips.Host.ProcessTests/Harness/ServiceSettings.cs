using System.Globalization;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What is started: the daemon, or an app with <c>AddIps()</c>.</summary>
internal enum ServiceKind
{
    Daemon,
    SampleApp,
}

/// <summary>How a service is started, for both kinds alike. Times are short where a test does not say otherwise.</summary>
internal sealed record ServiceSettings(ServiceKind Kind)
{
    /// <summary>What is executed: a path, or a name that PATH resolves. Null for the built one.</summary>
    public string? Program { get; init; }

    /// <summary>Arguments before the service's own, such as the assembly after <c>dotnet</c>.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>The daemon's verb.</summary>
    public string Verb { get; init; } = "run";

    /// <summary>Whom the daemon runs as; who runs the tests, by default.</summary>
    public string User { get; init; } = System.Environment.UserName;

    /// <summary>The working directory, with the symbolic links that <c>$PWD</c> is to name. Null for the test's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The addresses; null for the service's port on 127.0.0.1, and empty if Kestrel's own configuration names them.</summary>
    public IReadOnlyList<string>? Urls { get; init; }

    /// <summary>The port on 127.0.0.1 that the service calls its own, if the addresses are not its to choose. Null for a free
    /// one.</summary>
    public int? Port { get; init; }

    /// <summary>Null leaves it to the app's own configuration.</summary>
    public TimeSpan? Probation { get; init; } = TimeSpan.Zero;

    /// <summary>Whether a successor on probation is a canary, by the shares that are the default. Else it accepts, and its predecessor no
    /// longer does.</summary>
    public bool Canary { get; init; }

    public TimeSpan ReadyTimeout { get; init; } = Limits.Step;

    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan KillTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For successors that do not end when asked, again and again.</summary>
    public static TimeSpan ShortestKillTimeout { get; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan LameDuck { get; init; }

    /// <summary>Variables beside the test's own.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Log each change of state (event 1000) as well.</summary>
    public bool Debug { get; init; }

    /// <summary>Further lines of the daemon's configuration file, or arguments of the app.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>Where the daemon's inventory lies: each service has its own.</summary>
    public static string StoreFile(string pidFile) => Path.ChangeExtension(pidFile, ".db");

    /// <summary>The daemon's configuration file.</summary>
    public string ToHocon(IReadOnlyList<string> urls, string pidFile) => string.Join('\n',
    [
        $"ips.urls = [{string.Join(", ", urls.Select(url => $"\"{url}\""))}]",
        $"ips.pid-file = \"{pidFile}\"",
        $"ips.user = {User}",
        $"ips.store.path = \"{StoreFile(pidFile)}\"",
        $"ips.log.level = {(Debug ? "debug" : "information")}",
        "ips.log.format = json",
        $"ips.drain.timeout = {Milliseconds(DrainTimeout)}",
        $"ips.drain.lame-duck = {Milliseconds(LameDuck)}",
        $"ips.reload.ready-timeout = {Milliseconds(ReadyTimeout)}",
        .. Probation is { } probation ? [$"ips.reload.probation = {Milliseconds(probation)}"] : Array.Empty<string>(),
        .. Canary ? Array.Empty<string>() : ["ips.reload.canary = []"],
        $"ips.reload.health-interval = {Milliseconds(HealthInterval)}",
        $"ips.reload.kill-timeout = {Milliseconds(KillTimeout)}",
        .. More,
    ]) + "\n";

    /// <summary>The app's arguments.</summary>
    public IReadOnlyList<string> ToArguments(IReadOnlyList<string> urls, string pidFile, string logFile) =>
    [
        .. Prefix,
        .. urls.Count > 0 ? ["--urls", string.Join(';', urls)] : Array.Empty<string>(),
        $"--Ips:PidFile={pidFile}",
        $"--Ips:LogFile={logFile}",
        $"--Logging:LogLevel:Default=Warning",
        $"--Logging:LogLevel:Ips.Actors={(Debug ? "Debug" : "Information")}",
        $"--Ips:Drain:Timeout={DrainTimeout}",
        $"--Ips:Drain:LameDuck={LameDuck}",
        $"--Ips:Reload:ReadyTimeout={ReadyTimeout}",
        .. Probation is { } probation ? [$"--Ips:Reload:Probation={probation}"] : Array.Empty<string>(),
        .. Canary ? Array.Empty<string>() : ["--Ips:Reload:Canary:0=off"],
        $"--Ips:Reload:HealthInterval={HealthInterval}",
        $"--Ips:Reload:KillTimeout={KillTimeout}",
        .. More,
    ];

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0}ms");
}
