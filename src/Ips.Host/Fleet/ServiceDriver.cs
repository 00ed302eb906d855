using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Host.Cli;
using Ips.Host.Cli.Deploy;
using Ips.Host.Cli.Live;
using Ips.Host.Configuration;
using Microsoft.Extensions.Logging;

namespace Ips.Host.Fleet;

/// <summary>Drives one service of this node for an agent, over its control socket, by the rights of this process.</summary>
/// <remarks>It keeps no state that an order needs: an agent that was killed makes another driver and asks again. The service knows what it
/// was asked by the id (<c>reload-once</c>), and the journal in <c>releases/</c> says what <c>current</c> is to name.</remarks>
/// <param name="pidFile">The service's PID file.</param>
/// <param name="into">The folder with <c>current</c> and <c>releases/</c>, as <c>ips deploy --into</c>; null for the one that the service
/// was started from. Root must name it for a service of another user.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets what <c>ips deploy</c> would print.</param>
internal sealed class ServiceDriver(string pidFile, string? into, TimeProvider time, ILogger log) : IServiceDriver
{
    /// <summary>Time between two looks at a service that bakes.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const int MostTries = 10; // each after a reload that came first

    // Of a bake: for the next process to take the socket over, and for an answer of the one that is there.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Silence = TimeSpan.FromSeconds(10);

    private readonly DaemonTarget _target = new() { Daemon = new DaemonArguments { PidFile = pidFile } };
    private (int Pid, int Generation)? _promoted;

    /// <inheritdoc/>
    public async Task<ServiceView> LookAsync(CancellationToken cancellation)
    {
        try
        {
            var scene = Open();
            var status = await scene.Client.GetStatusAsync(scene.Address, cancellation);
            return new ServiceView(status.State) { Release = ServesOf(status), Generation = status.Generation };
        }
        catch (CliException e)
        {
            return new ServiceView("unreachable") { Fault = e.Message };
        }
    }

    /// <summary>Checks a release as <c>ips reload --check</c> does. It must lie in <c>releases/</c> and have the service's program;
    /// without a name it is the one in place. A service that is to be able to return must run from <c>releases/</c>, by way of
    /// <c>current</c>, and its present release must be there still.</summary>
    /// <inheritdoc/>
    public Task<StepState> CheckAsync(ServiceOrder order, CancellationToken cancellation) => StepAsync(order, async scene =>
    {
        var status = await QuietAsync(scene, cancellation);
        var (serves, named) = (ServesOf(status), status.Deployment?.Serves);
        if (order.Expects is { } expected && expected != serves)
            return Failed(order, $"{expected} was expected to serve, and {serves} serves");
        var request = new ControlRequest(ControlVerb.Check) { NoQueue = true };
        if (order.Release is not null || order.MustReturn)
        {
            using var shelf = new DeployAction(scene.Console, scene.Client).OpenShelf(status, scene.Address, into, out var place);
            if (order.Release is { } release && FaultOf(shelf, place, release) is { } fault)
                return Failed(order, $"the release {release} cannot be started: {fault}");
            if (order.MustReturn && FaultOf(shelf, place, named) is { } stuck)
                return Failed(order, $"the service could not return to {named ?? "its present release"}: {stuck}");
            if (order.Release is { } name)
                request = new ControlRequest(ControlVerb.CheckRelease) { Folder = shelf.PathOf(name), NoQueue = true };
        }

        var receipt = await AskAsync(scene, request, cancellation);
        return receipt.Ended is ReloadOutcome.Checked
            ? new StepState(order.Kind, StepPhase.Done) { Serves = serves, Former = named }
            : Failed(order, Reason(receipt)) with { Serves = serves, Former = named };
    }, cancellation);

    /// <summary>Reloads to a release by its name as <c>ips deploy</c> does with one in <c>releases/</c>, or as <c>ips rollback NAME</c>;
    /// without a name, to the release in place as <c>ips reload</c> does. Each of them by <c>reload-once</c>.
    /// <see cref="StepState.Changed"/> says that this order has brought a new generation, also where that is of the same release. A release
    /// that serves already, and was not brought by this order, is done and not changed, whatever is expected.</summary>
    /// <inheritdoc/>
    public Task<StepState> ReloadAsync(ServiceOrder order, CancellationToken cancellation) => StepAsync(order, scene => order switch
    {
        { Release: { } release } => PlaceAsync(scene, order, release, cancellation),
        { Kind: StepKind.RollBack } => Task.FromResult(Failed(order, "the release to return to has no name")),
        _ => ReloadInPlaceAsync(scene, order, cancellation),
    }, cancellation);

    /// <summary>Watches the service by the verb <c>watch</c>, once a second. It is healthy while all of this holds: its control socket
    /// answers (a process that is being replaced has 5 s, a silent one 10 s); the process is the one that was promoted, neither restarted
    /// nor replaced by another reload; its state is one in which it serves; its health checks do not fail three times in a row, nor at the
    /// end; and its 5xx answers do not exceed <c>ips.reload.max-error-ratio</c> of at least <c>ips.reload.min-requests</c> requests,
    /// neither since the bake began nor in the last ten seconds. Errors that a health check excuses do not count. A pause by an operator, a
    /// check, and a reload that fails while this process serves are no sickness.</summary>
    /// <inheritdoc/>
    public async Task<string?> BakeAsync(DateTimeOffset until, CancellationToken cancellation)
    {
        Scene scene;
        try
        {
            scene = Open();
        }
        catch (CliException e)
        {
            return e.Message;
        }

        var judge = new BakeJudge(_promoted, scene.Settings.Ips.Reload);
        for (var start = time.GetTimestamp(); ;)
        {
            try
            {
                return await WatchAsync(scene, judge, until, cancellation);
            }
            catch (NotYetThereException) when (time.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellation);
            }
            catch (NotYetThereException e)
            {
                return DaemonLocator.Explain(scene.Address, e.Failure);
            }
        }
    }

    // What is over is seen with the next snapshot, so that even a bake whose time is up already looks once.
    private async Task<string?> WatchAsync(Scene scene, BakeJudge judge, DateTimeOffset until, CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellation);
        var seen = false;
        try
        {
            var snapshots = new WatchFollower(() => new ControlClient(scene.Address.SocketPath, time) { Timeout = WatchFollower.Longest },
                Interval, time)
            { Health = true };
            await foreach (var snapshot in snapshots.FollowAsync(either.Token))
            {
                seen = true;
                silence.CancelAfter(Silence);
                if (judge.Next(snapshot) is { } fault) return TerminalText.Line(fault);
                if (time.GetUtcNow() >= until) return judge.AtEnd() is { } last ? TerminalText.Line(last) : null;
            }

            return "the service can no longer be watched";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"the service has not answered for {Silence.TotalSeconds:0} s";
        }
        catch (ControlException e) when (!seen)
        {
            throw new NotYetThereException(e);
        }
        catch (ControlException e)
        {
            return DaemonLocator.Explain(scene.Address, e);
        }
        catch (NotSupportedException e)
        {
            return TerminalText.Line(e.Message);
        }
    }

    private async Task<StepState> PlaceAsync(Scene scene, ServiceOrder order, string release, CancellationToken cancellation)
    {
        var deploy = new DeployAction(scene.Console, scene.Client);
        Placed placed;
        try
        {
            var command = new PlaceOnceCommand(_target, order.Id, release, order.Kind is StepKind.RollBack, order.Expects, into);
            placed = await scene.Client.Retrying(() => deploy.PlaceAsync(command, cancellation), cancellation);
        }
        catch (CliException e) when (deploy.Result is { Is: true } so)
        {
            log.DriverIncomplete(release, TerminalText.Line(e.Message)); // such as old releases that could not be removed
            placed = so;
        }

        var (receipt, status) = (placed.Receipt, await LookAgainAsync(scene, cancellation));
        var serves = status is null ? null : ServesOf(status);
        if (!placed.Is)
        {
            return Failed(order, receipt switch
            {
                null => $"release {release} is not the one that serves",
                { Ended: ReloadOutcome.Promoted } => $"release {release} was promoted, and {serves ?? "another one"} serves by now",
                _ => Reason(receipt),
            }) with
            { Serves = serves };
        }

        Note(placed.Followed ?? receipt);
        return new StepState(order.Kind, StepPhase.Done) { Changed = receipt is not null, Serves = serves ?? release };
    }

    private async Task<StepState> ReloadInPlaceAsync(Scene scene, ServiceOrder order, CancellationToken cancellation)
    {
        var receipt = await AskAsync(scene, new ControlRequest(ControlVerb.ReloadOnce) { Id = order.Id, Expects = order.Expects },
            cancellation);
        var status = await LookAgainAsync(scene, cancellation);
        var serves = status is null ? null : ServesOf(status);
        if (receipt.Ended is not ReloadOutcome.Promoted) return Failed(order, Reason(receipt)) with { Serves = serves };
        Note(receipt);
        return new StepState(order.Kind, StepPhase.Done) { Changed = true, Serves = serves ?? receipt.NewRelease };
    }

    // It is not to wait in the service, where a newer request could answer it. What came first is waited for here.
    private async Task<ReloadReceipt> AskAsync(Scene scene, ControlRequest request, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            var before = await QuietAsync(scene, cancellation);
            var receipt = await scene.Client.GetReceiptAsync(scene.Address, scene.Settings, request, null, json: true, cancellation);
            if (receipt.NewPid is not null || (request.Id is not null && receipt.RequestId == request.Id)) return receipt;
            var now = await scene.Client.GetStatusAsync(scene.Address, cancellation);
            var busy = now is not { Phase: null, Pending: null } || now.Pid != before.Pid;
            if (tries == MostTries || (tries > 1 && !busy)) return receipt;
        }
    }

    private async Task<DaemonStatus> QuietAsync(Scene scene, CancellationToken cancellation)
    {
        var (status, busy) = await scene.Client.Retrying(() => new QuietWait(scene.Client, time).AwaitAsync(
            scene.Address, 2 * ClientActions.LimitOf(scene.Settings), log.DriverWaits, cancellation), cancellation);
        return busy is null ? status : throw new CliException(CliExitCode.Failed, $"The service is still busy ({busy}).");
    }

    // For what is shown: the outcome is known already.
    private static async Task<DaemonStatus?> LookAgainAsync(Scene scene, CancellationToken cancellation)
    {
        try
        {
            return await scene.Client.Retrying(() => scene.Client.GetStatusAsync(scene.Address, cancellation), cancellation);
        }
        catch (CliException)
        {
            return null;
        }
    }

    private void Note(ReloadReceipt? receipt) =>
        _promoted = receipt is { Ended: ReloadOutcome.Promoted, NewPid: { } pid } ? (pid, receipt.NewGeneration) : null;

    private async Task<StepState> StepAsync(ServiceOrder order, Func<Scene, Task<StepState>> step, CancellationToken cancellation)
    {
        try
        {
            return await step(Open());
        }
        catch (Exception e) when (e is CliException or IOException or UnauthorizedAccessException)
        {
            return Failed(order, e.Message);
        }
    }

    private Scene Open()
    {
        var console = new CliConsole(TextWriter.Null, new LogWriter(log), "/", time);
        var (address, settings) = DaemonLocator.Find(_target, console.Directory);
        return new(console, new ClientActions(console), address, settings);
    }

    private static string? FaultOf(ReleaseShelf shelf, Deployment place, string? name) =>
        name is null ? "it does not run from a folder in releases/"
        : ReleaseName.Fault(name) is { } fault ? fault
        : shelf.All().All(release => release.Name != name) ? $"there is no folder {shelf.PathOf(name)}"
        : ReleaseStage.ProgramFault(shelf.PathOf(name), place.Program);

    private static string ServesOf(DaemonStatus status) => TerminalText.Line(status.Deployment?.Serves ?? status.Release);

    private static string Reason(ReloadReceipt receipt) => receipt.Reason is { } reason ? $"{receipt.Outcome}: {reason}"
        : $"the reload ended as '{receipt.Outcome}'";

    private static StepState Failed(ServiceOrder order, string reason) => new(order.Kind, StepPhase.Failed)
    {
        Reason = TerminalText.Line(reason) is var line && line.Length > StepState.LongestReason
            ? line[..StepState.LongestReason] : line,
    };

    private sealed record Scene(CliConsole Console, ClientActions Client, DaemonAddress Address, DaemonSettings Settings);

    private sealed class NotYetThereException(ControlException failure) : Exception(failure.Message, failure)
    {
        public ControlException Failure { get; } = failure;
    }
}
