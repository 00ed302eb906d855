using System.Globalization;
using System.Text.RegularExpressions;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A running service with all its generations: signals go to whom the PID file names, what happened is read from its
/// log.</summary>
internal sealed partial class Service : IAsyncDisposable
{
    private readonly MarkedProcesses _processes = new();
    private readonly ServiceSettings _settings;

    /// <param name="settings">How it is started.</param>
    /// <param name="folder">An existing folder for its files.</param>
    public Service(ServiceSettings settings, string folder)
    {
        _settings = settings;
        Folder = folder;
        PidFile = Path.Combine(folder, "service.pid");
        ConfigFile = Path.Combine(folder, "service.conf");
        Log = new EventLog(Path.Combine(folder, "service.log"));
        Port = settings.Port ?? FreePort.Next();
    }

    public string Folder { get; }

    public string PidFile { get; }

    /// <summary>The daemon's configuration file; an app has none.</summary>
    public string ConfigFile { get; }

    public EventLog Log { get; }

    /// <summary>The port on 127.0.0.1, unless the settings name addresses.</summary>
    public int Port { get; }

    public LoadTarget Target => LoadTarget.Loopback(Port);

    /// <summary>The process that was started: generation 1.</summary>
    public DaemonProcess First { get; private set; } = null!;

    private IReadOnlyList<string> Urls => _settings.Urls ?? [$"http://127.0.0.1:{Port}"];

    public MarkedProcesses Processes => _processes;

    /// <summary>Whom the PID file names.</summary>
    public int MainPid => int.Parse(File.ReadAllText(PidFile), CultureInfo.InvariantCulture);

    /// <summary>The daemon's inventory.</summary>
    public string StoreFile => ServiceSettings.StoreFile(PidFile);

    /// <summary>Starts generation 1 and returns when it is the main process. Again, once the service has ended.</summary>
    public async Task StartAsync()
    {
        if (First is not null) await First.DisposeAsync();
        var mark = Log.Mark;
        Launch();
        await Log.WaitForAsync(mark, EventIds.IdentityPublished);
        // It comes a moment after the PID file, by another actor.
        if (_settings.More.Any(setting => TakeoverSetting().IsMatch(setting)))
            await Log.WaitForAsync(mark, EventIds.TakeoverOffered, EventIds.TakeoverSocketFailed);
    }

    /// <summary>Starts generation 1.</summary>
    /// <param name="program">What is executed; null for what the settings say.</param>
    /// <param name="prefix">Arguments before the service's own; null for what the settings say.</param>
    public void Launch(string? program = null, IReadOnlyList<string>? prefix = null)
    {
        var environment = new Dictionary<string, string?>(_processes.Environment);
        foreach (var (name, value) in _settings.Environment) environment[name] = value;
        // as a shell sets it: with the links that led there
        if (_settings.WorkingDirectory is { } directory) environment["PWD"] = directory;
        IReadOnlyList<string> arguments = _settings.Kind == ServiceKind.SampleApp
            ? _settings.ToArguments(Urls, PidFile, Log.Path)
                : [.. prefix ?? _settings.Prefix, _settings.Verb, "--config", WriteConfigFile(), "--log-file", Log.Path];
        First = DaemonProcess.Start(
            program ?? _settings.Program
                ?? (_settings.Kind == ServiceKind.Daemon ? Binaries.IpsPath : Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp)),
            arguments, environment, _settings.WorkingDirectory);
    }

    /// <summary>Runs <c>ips start</c> for this service; <see cref="First"/> stays null, as the daemon is no child of the test.</summary>
    public Task<CommandResult> RunStartAsync(params IReadOnlyList<string> more) =>
        IpsCommand.RunAsync(_processes, null, ["start", "--config", WriteConfigFile(), "--log-file", Log.Path, .. more]);

    /// <summary>Writes the daemon's configuration file.</summary>
    public string WriteConfigFile()
    {
        File.WriteAllText(ConfigFile, _settings.ToHocon(Urls, PidFile));
        return ConfigFile;
    }

    /// <summary>Sends a signal to whom the PID file names.</summary>
    public void Signal(int signal)
    {
        var pid = MainPid; // once: what is signalled may be gone, and its file as well, by the time that a message is made
        Assert.True(ProcessTable.Signal(pid, signal), $"The process {pid} of the PID file is gone.");
    }

    /// <summary>USR2, and the outcome of that reload: event 1005, 1006, 1002, 1013 or 1062.</summary>
    public async Task<ServiceEvent> TryReloadAsync(int signal = ProcessTable.SigUsr2)
    {
        var mark = Log.Mark;
        Signal(signal);
        return await Log.WaitForAsync(mark, EventIds.ReloadPromoted, EventIds.ReloadFailed, EventIds.ReloadRefused,
            EventIds.ConfigurationInvalid, EventIds.ReloadStopped);
    }

    /// <summary>USR2; returns when the successor is the main process.</summary>
    /// <returns>Its PID.</returns>
    public async Task<int> ReloadAsync(int signal = ProcessTable.SigUsr2)
    {
        var outcome = await TryReloadAsync(signal);
        Assert.True(outcome.Id == EventIds.ReloadPromoted, $"The reload failed: {outcome.Message}");
        return int.Parse(outcome["Pid"], CultureInfo.InvariantCulture);
    }

    /// <summary>What the control socket says.</summary>
    public async Task<DaemonStatus> StatusAsync() =>
        (await new ControlClient($"{PidFile}.sock")
        {
            Timeout = Limits.Step,
            FirstEventTimeout = Limits.Step
        }.AskLastAsync(new("status"))).Status!;

    /// <summary>What the control socket says of past reloads.</summary>
    public Task<ControlEvent> HistoryAsync() =>
        new ControlClient($"{PidFile}.sock") { Timeout = Limits.Step, FirstEventTimeout = Limits.Step }.AskLastAsync(new("history"));

    /// <summary>The generation that answers a new connection now.</summary>
    public async Task<int> AnsweringGenerationAsync() => (await HttpProbe.GetAsync($"http://127.0.0.1:{Port}/ping")).Generation;

    /// <summary>Waits until a process has reached a state; the settings must say <see cref="ServiceSettings.Debug"/>.</summary>
    public Task WaitForStateAsync(int generation, string state, int from = 0) => Log.WaitForAsync(
        e => e.Id == EventIds.StateChanged && e.Generation == generation && e["To"] == state,
            $"generation {generation} in the state {state}", from);

    /// <summary>Waits until the main process is the only one that is left of the service.</summary>
    public Task WaitForMainAloneAsync() => _processes.WaitForOnlyAsync(MainPid);

    /// <summary>Stops it by SIGTERM; returns when nothing of it is left.</summary>
    public async Task StopAsync()
    {
        Signal(ProcessTable.SigTerm);
        await _processes.WaitForOnlyAsync();
    }

    /// <summary>Everything that the service wrote, for a test that failed.</summary>
    public string Describe() =>
        $"--- {Log.Path}, port {Port}{Environment.NewLine}{Log.Tail(1000)}{Environment.NewLine}--- output of the first "
            + $"process{Environment.NewLine}{First?.OutputTail()}";

    /// <summary>Kills whatever is left of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _processes.KillAllAsync();
        if (First is not null) await First.DisposeAsync();
    }

    [GeneratedRegex("ips.takeover.socket = |--Ips:Takeover:Socket=", RegexOptions.IgnoreCase)]
    private static partial Regex TakeoverSetting();
}
