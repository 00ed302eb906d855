using System.Runtime.InteropServices;
using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Ips.Fleet.Agents;
using Ips.Fleet.Cluster;
using Ips.Fleet.Security;
using Ips.Fleet.Wire;
using Ips.Host.Cli;
using Microsoft.Extensions.Logging;

namespace Ips.Host.Fleet;

/// <summary>The process of an agent: its actor system, started anew when the others have counted it out, and its socket.</summary>
internal sealed class AgentProcess : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5), LeaveTime = TimeSpan.FromSeconds(20),
        NoteInterval = TimeSpan.FromSeconds(5);

    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<FleetAddress> _seen = [];
    private readonly string _members;
    private FleetSystem? _system;

    private AgentProcess(AgentOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _members = Path.Combine(options.State, "members");
        _loggers = LoggerFactory.Create(logging => logging.ClearProviders().AddIpsLog());
        _log = _loggers.CreateLogger("Ips.Host.Fleet");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Dispose();
        _loggers.Dispose();
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">It cannot start.</exception>
    internal static async Task<int> RunAsync(AgentOptions options, TimeProvider time)
    {
        using var agent = new AgentProcess(options, time);
        GuardedFile.MakeFolders(options.State, FleetFiles.SecretFolder);
        using var alone = LockFile.TryAcquire(Path.Combine(options.State, ".lock")) ?? throw new CliException(CliExitCode.Failed,
            $"Another agent runs with the records in {options.State}.");
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, agent.Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, agent.Stop);
        agent.Recollect();
        await using var socket = await AgentSocket.StartAsync(options, () => agent._system, agent._loggers, CancellationToken.None);
        return await agent.ServeAsync();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _stop.Cancel();
    }

    private async Task<int> ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var system = Start();
            using var noting = _time.CreateTimer(_ => Note(system), null, NoteInterval, NoteInterval);
            _system = system;
            var expiry = ExpiryAsync(system.CertificateEnds);
            var stopped = Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            var first = await Task.WhenAny(system.Ended, expiry, stopped);
            _system = null;
            if (first == system.Ended)
            {
                _log.Ended(await system.Ended);
                Note(system);
                await Task.Delay(Pause, _time, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                continue;
            }

            await Task.WhenAny(system.LeaveAsync(), Task.Delay(LeaveTime, _time));
            if (first != expiry) break;
            _log.Expired(_options.Tls?.Certificate ?? "");
            return CliExitCode.Failed;
        }

        return CliExitCode.Ok;
    }

    // An agent that was killed must find its fleet again and must not found a second one, so it knows the others from its last run.
    private void Recollect()
    {
        try
        {
            foreach (var line in File.Exists(_members) ? File.ReadLines(_members) : [])
            {
                _seen.Add(FleetAddress.Parse(line, out var fault) ?? throw new CliException(CliExitCode.Configuration,
                    $"{_members} has a line that is not an address: {fault}. It lists the agents that were seen; remove it if they are "
                    + "gone."));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Failed, $"{_members} cannot be read: {e.Message}", e);
        }
    }

    private void Note(FleetSystem system)
    {
        lock (_seen)
        {
            var known = _seen.Count;
            _seen.UnionWith(system.Seen);
            if (_seen.Count == known) return;
            try
            {
                FleetFiles.Write(_members, string.Join('\n', _seen) + '\n', FleetFiles.Secret);
            }
            catch (FleetFileException e)
            {
                _log.NotNoted(e.Message);
            }
        }
    }

    private FleetSystem Start()
    {
        try
        {
            var services = _options.Fleets.ToDictionary(service => service.Fleet, IServiceDriver (service) =>
                new ServiceDriver(service.PidFile, service.Into, _time, _log));
            var options = FleetRejoin.Options(_options, _seen);
            var system = FleetSystem.Start(options, _loggers, _time,
                (_, _) => AgentActor.Props(_options.Name, services, new RecordFiles(_options.State), _time,
                    _loggers.CreateLogger("Ips.Fleet.Agent")),
                _ => CoordinatorActor.Props(_options.Name, _time, _loggers.CreateLogger("Ips.Fleet.Coordinator")),
                _seen.Count > 0 ? FleetRejoin.Overrides(options) : null);
            _log.Serves(_options.Name, _options.Address.ToString(), string.Join(", ", services.Keys), _options.Socket);
            return system;
        }
        catch (Exception e) when (e is FleetFileException or FleetStartException)
        {
            throw new CliException(CliExitCode.Failed, e.Message, e);
        }
    }

    // TLS does not cut a connection whose certificate ends, so the agent does.
    private async Task ExpiryAsync(DateTimeOffset? ends)
    {
        for (int? warned = null; ;)
        {
            if (ends is not { } end)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan);
                return;
            }

            (var action, warned) = CertificateExpiry.Judge(end, _time.GetUtcNow(), warned);
            if (action == ExpiryAction.End) return;
            if (action == ExpiryAction.Warn) _log.Expires(_options.Tls!.Certificate, end);
            var look = CertificateExpiry.NextLook(end, _time.GetUtcNow());
            await Task.Delay(look < TimeSpan.FromDays(1) ? look : TimeSpan.FromDays(1), _time);
        }
    }
}

internal static partial class AgentProcessLog
{
    [LoggerMessage(5920, LogLevel.Information, "Agent {Node} on {Address} for {Fleets}; operators ask on {Socket}.")]
    public static partial void Serves(this ILogger logger, string node, string address, string fleets, string socket);

    [LoggerMessage(5921, LogLevel.Warning, "Out of the cluster ({End}); joins again. Services are not affected.")]
    public static partial void Ended(this ILogger logger, FleetEnd end);

    [LoggerMessage(5924, LogLevel.Warning, "The other agents could not be noted: {Reason}")]
    public static partial void NotNoted(this ILogger logger, string reason);

    [LoggerMessage(5922, LogLevel.Warning, "The certificate {File} ends on {End:u}: make a new one with 'ips agent add'.")]
    public static partial void Expires(this ILogger logger, string file, DateTimeOffset end);

    [LoggerMessage(5923, LogLevel.Error, "The certificate {File} has ended, and so does the agent. Services are not affected.")]
    public static partial void Expired(this ILogger logger, string file);
}
