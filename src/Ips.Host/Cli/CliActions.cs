using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.Cli.Deploy;
using Ips.Host.Cli.Doctor;
using Ips.Host.Configuration;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Cli;

/// <summary>The real verbs.</summary>
/// <param name="console">Where they print.</param>
/// <param name="serve">Serves until the daemon ends, and answers its exit code. Called with a valid configuration only.</param>
/// <param name="launcher">Launches the daemon of <c>ips start</c>.</param>
/// <param name="self">How this program is called.</param>
/// <param name="enter">Gives up root, if this is root and the service is another user's; says why nothing may be started, and the exit
/// code; null for neither.</param>
/// <param name="supervise">Stays as the parent of a daemon that serves by the same command line, and answers its exit code; null serves
/// without one.</param>
/// <param name="rollOut">Carries out a rollout.</param>
internal sealed class CliActions(
    CliConsole console, Func<DaemonSettings, CancellationToken, Task<int>> serve, IDaemonLauncher launcher, Func<SelfCommand> self,
    Func<DaemonSettings, CancellationToken, Task<int>>? supervise = null, Func<DaemonSettings,
        (string Message, ExitCode Code)?>? enter = null,
    Func<CliConsole, RolloutCommand, CancellationToken, Task<int>>? rollOut = null) : ICliActions
{
    private readonly ClientActions _client = new(console);

    public Task<int> RunAsync(RunCommand command, CancellationToken cancellation) => ForegroundAsync(command.Daemon, serve, cancellation);

    public Task<int> SuperviseAsync(SuperviseCommand command, CancellationToken cancellation) =>
        ForegroundAsync(command.Daemon, supervise ?? serve, cancellation);

    public async Task<int> StartAsync(StartCommand command, CancellationToken cancellation)
    {
        if (command.LastGood) return await Reporting(() => new LastGoodStart(console, launcher, enter).RunAsync(command, cancellation));
        var (settings, problems) = SettingsLoader.Load(command.Daemon, console.Directory, needsLogFile: true);
        // The process that waits for the daemon reads its output, so it must not run as root either.
        if (problems.Count == 0 && enter?.Invoke(settings) is var (message, code))
        {
            await console.FailAsync(message);
            return (int)code;
        }
        if (problems.Count == 0) return await Reporting(() =>
            new StartAction(console, launcher, self()).RunAsync(command, settings, cancellation));
        await console.FailAsync(SettingsLoader.Describe(problems));
        return CliExitCode.Configuration;
    }

    public async Task<int> CheckAsync(CheckCommand command, CancellationToken cancellation)
    {
        if (command.Reference)
        {
            await console.Output.WriteAsync(ReferenceConfiguration.Text());
            return CliExitCode.Ok;
        }
        var (settings, problems) = SettingsLoader.Load(command.Daemon, console.Directory, needsLogFile: false);
        if (problems.Count > 0)
        {
            await console.FailAsync(SettingsLoader.Describe(problems));
            return CliExitCode.Configuration;
        }
        await console.Output.WriteLineAsync(CheckText.Write(settings));
        return CliExitCode.Ok;
    }

    public async Task<int> DoctorAsync(DoctorCommand command, CancellationToken cancellation)
    {
        if (command.Pid is { } pid)
        {
            if (RunningProcess.Fault(pid) is { } fault)
            {
                await console.FailAsync(fault);
                return CliExitCode.Failed;
            }

            var problems = DoctorRules.OverwrittenFiles(RunningProcess.OverwrittenFiles(pid))
                .Concat(await StatusDoctor.LookAsync(_client, new DaemonTarget { Pid = pid }, console.Directory, cancellation));
            await console.Output.WriteLineAsync(DoctorText.Problems([.. problems]));
            return CliExitCode.Ok;
        }

        var loaded = SettingsLoader.Load(command.Daemon, console.Directory, needsLogFile: false);
        var facts = DoctorProbe.Look(loaded);
        if (loaded.Problems.Count == 0)
        {
            var store = loaded.Settings.Store;
            facts = facts with { Store = (InventoryStores.PlaceOf(store), await StoreProbe.FaultAsync(store, cancellation)) };
        }

        if (facts.RunningPid is not null)
        {
            var target = new DaemonTarget { Daemon = command.Daemon };
            facts = facts with { Status = await StatusDoctor.LookAsync(_client, target, console.Directory, cancellation) };
        }

        await console.Output.WriteLineAsync(DoctorText.Write(facts));
        return DoctorRules.Problems(facts).Any(problem => problem.Prevents) ? CliExitCode.Failed : CliExitCode.Ok;
    }

    public Task<int> ReloadAsync(ReloadCommand command, CancellationToken cancellation) =>
        Reporting(() => _client.ReloadAsync(command, cancellation),
        "the daemon carries on with the reload, and 'ips history' will show how it ended");

    public Task<int> RollOutAsync(RolloutCommand command, CancellationToken cancellation) => Reporting(
        () => rollOut?.Invoke(console, command, cancellation) ?? throw new InvalidOperationException("no rollouts here"),
        "the rollout continues, and 'ips fleet status' shows it; 'ips fleet pause' or 'ips fleet abort' stop it");

    public Task<int> DeployAsync(DeployCommand command, CancellationToken cancellation) => Deploying(command,
        deploy => deploy.DeployAsync(command, cancellation));

    public Task<int> RollbackAsync(RollbackCommand command, CancellationToken cancellation) => Deploying(command,
        deploy => deploy.RollbackAsync(command, cancellation));

    // Whether anything was begun is known only when it is interrupted.
    private Task<int> Deploying(PlacingCommand command, Func<DeployAction, Task<Placed>> verb) => Reporting(async () =>
    {
        var deploy = new DeployAction(console, _client) { OnReceipt = receipt => _client.ShowAsync(receipt, command.Json) };
        try
        {
            return (await verb(deploy)).ExitCode;
        }
        catch (OperationCanceledException e) when (e is not CliInterruptedException)
        {
            throw new CliInterruptedException(deploy.Interrupted);
        }
    });

    public Task<int> PauseAsync(PauseCommand command, CancellationToken cancellation) =>
        Reporting(() => _client.PauseAsync(command, cancellation));

    public Task<int> StopAsync(StopCommand command, CancellationToken cancellation) =>
        Reporting(() => _client.StopAsync(command, cancellation),
        "a daemon that was told to stop still stops, and 'ips status' shows whether it has");

    public Task<int> StatusAsync(StatusCommand command, CancellationToken cancellation) =>
        Reporting(() => _client.StatusAsync(command, cancellation));

    public Task<int> TopAsync(TopCommand command, CancellationToken cancellation) =>
        Reporting(() => new Live.TopAction(console).RunAsync(command, cancellation));

    public Task<int> HistoryAsync(HistoryCommand command, CancellationToken cancellation) =>
        Reporting(() => _client.HistoryAsync(command, cancellation));

    private async Task<int> ForegroundAsync(DaemonArguments daemon, Func<DaemonSettings, CancellationToken, Task<int>> go,
        CancellationToken cancellation)
    {
        var (settings, problems) = SettingsLoader.Load(daemon, console.Directory, needsLogFile: false);
        if (problems.Count > 0)
        {
            var errors = SettingsLoader.Describe(problems);
            await console.FailAsync(errors);
            StartReporter.ReportFailure(CliExitCode.Configuration, errors);
            return CliExitCode.Configuration;
        }

        // A reload reads the file again: this is what it would find.
        settings.Ips.CheckConfiguration = () =>
            [.. SettingsLoader.Load(daemon, console.Directory, needsLogFile: false).Problems.Select(problem => problem.ToString())];
        return await go(settings, cancellation);
    }

    private async Task<int> Reporting(Func<Task<int>> verb, string? interrupted = null)
    {
        try
        {
            return await verb();
        }
        catch (CliException e)
        {
            await console.FailAsync(e.Message);
            return e.ExitCode;
        }
        catch (OperationCanceledException e) when (interrupted is not null && e is not CliInterruptedException)
        {
            throw new CliInterruptedException(interrupted);
        }
    }
}
