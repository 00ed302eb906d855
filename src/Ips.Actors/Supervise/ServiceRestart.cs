using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Supervise;

/// <summary>
/// Lets a draining generation start the service again when the generation that it left the service to dies: it has kept copies of the
/// listening sockets, so clients wait in the kernel's queue meanwhile. It does what a supervisor does permanently, for as long as this
/// generation drains.
/// </summary>
/// <remarks>Used by LifecycleActor alone, but for <see cref="Over"/>.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class ServiceRestart(StartCommand command, TimeSpan readyTimeout, ILogger log) : IDisposable
{
    private static readonly TimeSpan ExitAfterClose = TimeSpan.FromSeconds(1); // a process that dies closes its channel just before

    private readonly HeldSockets _held = new();
    private RestartHandover? _handover;

    /// <summary>Completes when a restart under way is over: this process must not end before, nobody else has the sockets. At once if there
    /// is none.</summary>
    public Task Over { get; private set; } = Task.CompletedTask;

    /// <summary>Keeps copies of the sockets.</summary>
    /// <param name="main">What they were opened for, in order.</param>
    /// <param name="listening">The listening sockets, in the order of the endpoints; only read, here and now.</param>
    /// <param name="control">The control socket, if there is one; the same.</param>
    /// <exception cref="PosixException">No descriptor is left.</exception>
    public void Keep(MainFrame main, IReadOnlyList<int> listening, int? control)
    {
        List<int> fds = [];
        try
        {
            foreach (var fd in listening) fds.Add(FileDescriptors.DuplicateHigh(fd));
            if (control is { } there) fds.Add(FileDescriptors.DuplicateHigh(there));
        }
        catch (PosixException)
        {
            fds.ForEach(FileDescriptors.Close);
            throw;
        }

        _held.Replace(main with { Control = control is not null }, fds);
    }

    /// <summary>Closes the copies: whoever has the service stops it, or has left it to another generation.</summary>
    public void Drop() => _held.Release();

    /// <summary>Starts a generation on the sockets that were kept. It goes through no probation: nobody could take the role back.</summary>
    /// <param name="release">Which release; null for the one at the path that the service was started by.</param>
    /// <param name="generation">Its number.</param>
    /// <param name="lockFd">The lock of the PID file, if this process has a share of it.</param>
    public void Start(LastGoodRelease? release, int generation, int? lockFd)
    {
        if (!_held.Any)
        {
            return; // a service manager or a supervisor does it, or there was no room for copies
        }

        try
        {
            var (pid, channel, program) = Spawn(release, generation);
            log.RestartBegan(generation, pid, program, _held.Listening.Count);
            _handover = new RestartHandover(channel, _held, generation, lockFd);
            Over = WatchAsync(_handover, pid, generation);
        }
        catch (IOException e)
        {
            log.RestartFailed(generation, e.Message);
        }
    }

    public void Dispose()
    {
        _held.Release();
        _handover?.Dispose();
    }

    private (int Pid, int Channel, string Program) Spawn(LastGoodRelease? release, int generation)
    {
        var start = RestartCommand.Of(command, release, _held.Main!.EnvironmentFile, log.EnvironmentFailed);
        var (pid, channel) = GenerationSpawn.Start(start, generation, []);
        return (pid, channel, start.FileName);
    }

    private async Task WatchAsync(RestartHandover handover, int pid, int generation)
    {
        var exited = Processes.WaitAsync(pid, CancellationToken.None);
        await Task.WhenAny(handover.Over, exited, Task.Delay(readyTimeout)).ConfigureAwait(false);
        var hasLeft = handover.Over is { IsCompletedSuccessfully: true, Result: false };
        if (hasLeft) await Task.WhenAny(exited, Task.Delay(ExitAfterClose)).ConfigureAwait(false);
        if (exited.IsCompletedSuccessfully)
        {
            log.RestartFailed(generation, $"PID {pid} {exited.Result}.");
        }
        else if (handover.Over is { IsCompletedSuccessfully: true, Result: true })
        {
            log.Restarted(generation, pid);
        }
        else
        {
            log.RestartFailed(generation, hasLeft ? $"PID {pid} closed its channel before it served."
                : $"PID {pid} did not serve within {readyTimeout.TotalSeconds:0.###} s (ips.reload.ready-timeout).");
        }
    }
}

internal static partial class ServiceRestartLog
{
    [LoggerMessage(EventIds.RestartBegan, LogLevel.Error,
        "Main process died: started generation {Generation} (PID {Pid}, {Program}) on {Sockets:kept socket}.")]
    public static partial void RestartBegan(this ILogger logger, int generation, int pid, string program, Quantity sockets);

    [LoggerMessage(EventIds.Restarted, LogLevel.Warning,
        "Generation {Generation} (PID {Pid}) serves instead of the main process that died.")]
    public static partial void Restarted(this ILogger logger, int generation, int pid);

    [LoggerMessage(EventIds.RestartFailed, LogLevel.Critical,
        "Service down, start it again: generation {Generation} could not replace the main process: {Reason}")]
    public static partial void RestartFailed(this ILogger logger, int generation, string reason);

    [LoggerMessage(EventIds.SocketsNotKept, LogLevel.Warning,
        "Kept no copies of the sockets: if the next generation dies, nothing restarts the service. {Reason}")]
    public static partial void SocketsNotKept(this ILogger logger, string reason);
}
