using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Hosting;

/// <summary>The way out of the process: decides when the host may stop Kestrel, and ends the process should the host hang.</summary>
internal sealed class HostExit(IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan HostStopTimeout = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource<ExitCode> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _requested;

    /// <summary>Completes when the lifecycle has decided to exit: nothing is left to drain.</summary>
    public Task<ExitCode> Decided => _decided.Task;

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
        if (started)
        {
            lifetime.StopApplication();
        }

        // An app that ignores its cancelled requests, or has not even started, must not keep the process.
        new Thread(() =>
        {
            if (!started || !lifetime.ApplicationStopped.WaitHandle.WaitOne(HostStopTimeout))
            {
                Environment.Exit((int)code);
            }
        })
        { IsBackground = true, Name = "ips-exit" }.Start();
    }
}
