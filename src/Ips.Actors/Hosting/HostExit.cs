using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Hosting;

/// <summary>The way out of the process: decides when the host may stop Kestrel, and ends the process should the host hang.</summary>
internal sealed class HostExit(IHostApplicationLifetime lifetime, IOptions<HostOptions> options)
{
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5); // for what comes after the hosted services
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly TaskCompletionSource<ExitCode> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _told;
    private int _requested;

    /// <summary>Completes when the lifecycle has decided to exit: nothing is left to drain.</summary>
    public Task<ExitCode> Decided => _decided.Task;

    /// <summary>The app's callbacks of <c>ApplicationStopping</c> have ended; completed as long as nothing has let the host stop.</summary>
    public Task HostTold => _told?.Task ?? Task.CompletedTask;

    /// <summary>Lets the host stop, and returns at once. The callbacks run on a thread of their own, as those of a signal do without Ips:
    /// SignalR's waits for its clients, who need the threads of the pool.</summary>
    public void StopHost()
    {
        if (_told is not null) return;
        _told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            lifetime.StopApplication(); // or waits for the callbacks, if the app itself has asked for the stop
            _told.SetResult();
        })
        { IsBackground = true, Name = "ips-stop" }.Start();
    }

    /// <summary>How long the host's stop may take once nothing is left to drain. Hosted services have the time that the app gives them,
    /// unless requests were aborted.</summary>
    /// <param name="code">How the drain ended.</param>
    /// <param name="shutdown"><c>HostOptions.ShutdownTimeout</c>.</param>
    internal static TimeSpan StopLimit(ExitCode code, TimeSpan shutdown)
    {
        if (code is not ExitCode.Clean) return AbortTimeout;
        return shutdown < TimeSpan.Zero || shutdown > Longest ? Timeout.InfiniteTimeSpan : shutdown + Slack;
    }

    /// <summary>The exit code is decided.</summary>
    public void Request(ExitCode code)
    {
        if (Interlocked.Exchange(ref _requested, 1) != 0)
        {
            return; // the first code counts
        }

        Environment.ExitCode = (int)code; // before those who wait go on
        _decided.SetResult(code);
        var started = lifetime.ApplicationStarted.IsCancellationRequested;
        var limit = StopLimit(code, options.Value.ShutdownTimeout);

        // An app that ignores its cancelled requests, or has not even started, must not keep the process.
        new Thread(() =>
        {
            if (started) lifetime.StopApplication(); // its callbacks get all the time that they take, as without Ips
            if (!started || !lifetime.ApplicationStopped.WaitHandle.WaitOne(limit))
            {
                Environment.Exit((int)code);
            }
        })
        { IsBackground = true, Name = "ips-exit" }.Start();
    }
}
