using Ips.Actors.Hosting;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Tests.Hosting;

/// <summary>A stop of the host does not block its caller, although the app's own callbacks may take long.</summary>
public sealed class HostExitTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ApplicationLifetime _lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly ManualResetEventSlim _release = new();
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HostExit _exit;

    public HostExitTests()
    {
        _lifetime.NotifyStarted();
        _lifetime.ApplicationStopping.Register(() =>
        {
            _entered.SetResult();
            _release.Wait(Patience);
        });
        _exit = new HostExit(_lifetime, Options.Create(new HostOptions()));
    }

    public void Dispose()
    {
        _release.Set();
        _release.Dispose();
    }

    [Fact]
    public async Task StopHost_ACallbackTakesLong_ReturnsAndTellsWhenItHasEnded()
    {
        Assert.True(_exit.HostTold.IsCompleted);
        await Task.Run(_exit.StopHost).WaitAsync(Patience / 3);
        await _entered.Task.WaitAsync(Patience);
        Assert.False(_exit.HostTold.IsCompleted);
        _release.Set();
        await _exit.HostTold.WaitAsync(Patience);
    }

    [Fact]
    public async Task StopHost_TheAppHasAskedForTheStop_TellsWhenItsCallbacksHaveEnded()
    {
        var app = Task.Run(_lifetime.StopApplication);
        await _entered.Task.WaitAsync(Patience);
        _exit.StopHost();
        Assert.False(_exit.HostTold.IsCompleted);
        _release.Set();
        await _exit.HostTold.WaitAsync(Patience);
        await app.WaitAsync(Patience);
    }

    // A hosted service that saves its work for 20 s was cut off after 15 s.
    [Fact]
    public void StopLimit_NothingWasAborted_GivesHostedServicesTheirTime()
    {
        var shutdown = TimeSpan.FromSeconds(50);
        Assert.InRange(HostExit.StopLimit(ExitCode.Clean, shutdown), shutdown + TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(Timeout.InfiniteTimeSpan, HostExit.StopLimit(ExitCode.Clean, Timeout.InfiniteTimeSpan));
        Assert.Equal(Timeout.InfiniteTimeSpan, HostExit.StopLimit(ExitCode.Clean, TimeSpan.MaxValue));
        Assert.InRange(HostExit.StopLimit(ExitCode.Aborted, shutdown), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Request_ACallbackTakesLong_DecidesAndReturns()
    {
        var code = Environment.ExitCode;
        try
        {
            _exit.StopHost();
            await _entered.Task.WaitAsync(Patience);
            await Task.Run(() => _exit.Request(ExitCode.Clean)).WaitAsync(Patience / 3);
            Assert.Equal(ExitCode.Clean, await _exit.Decided);
        }
        finally
        {
            _lifetime.NotifyStopped(); // nothing waits to end this process
            Environment.ExitCode = code;
        }
    }
}
