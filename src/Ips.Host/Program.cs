using Ips.Actors.Supervise;
using Ips.Host;
using Ips.Host.Cli;
using Ips.Host.Configuration;
using Ips.Host.Dashboard;
using Ips.Host.Fleet;

return await CliProgram.RunAsync(
    args,
    // On a terminal the shell waits for the process that it started, and a container for its PID 1: that one stays while generations come
    // and go below it.
    serve: (settings, _) => EnterAsync(settings,
        () => SupervisorProcess.IsNeeded() ? Supervise(null, settings) : Daemon.ServeAsync(settings)),
    supervise: (settings, _) => EnterAsync(settings, () => Supervise(SupervisedArguments.Of(args), settings)),
    rollOut: (console, command, token) => new RolloutAction(console).RunAsync(command, token),
    more: console => [new DashboardVerb(console, DashboardServices.OfThisUser).Verb(), new FleetVerb(console).Verb(),
        new AgentVerb(console).Verb()]);

// What would make each generation fail at once is told here.
static Task<int> EnterAsync(DaemonSettings settings, Func<Task<int>> go) =>
    RunAs.TryEnter(settings) is var (message, code) ? Daemon.RefuseAsync(message, code) : go();

static Task<int> Supervise(IReadOnlyList<string>? arguments, DaemonSettings settings) =>
    Task.Run(() => SupervisorProcess.Run(arguments, settings.LogFormat));
