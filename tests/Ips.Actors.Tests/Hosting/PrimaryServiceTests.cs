using Ips.Actors.Diagnostics;
using Ips.Actors.Hosting;
using Ips.Actors.HttpFront;
using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.Hosting;

/// <summary>What <c>AddIpsHostedService</c> promises: one generation runs the service, and what fails has the consequence that it has in a
/// stock host.</summary>
public sealed class PrimaryServiceTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly GenerationRole _role;
    private readonly RecordingLog _log = new();
    private readonly Journal _journal = new();
    private IHost? _host;

    public PrimaryServiceTests() => _role = FrontFixture.Role(_time);

    [Fact]
    public async Task Service_OverALife_StartsWhenPromotedAndStopsBeforeTheDrainIsOver()
    {
        await StartAsync<Job>();
        Assert.Empty(_journal.Lines);
        await _role.PromoteAsync();
        Assert.Equal(["1 starts"], _journal.Lines);
        await _role.DrainAsync();
        Assert.Equal(["1 starts", "1 stops", "1 is disposed of"], _journal.Lines);
        await _host!.StopAsync();
        Assert.Equal(3, _journal.Lines.Count);
    }

    [Fact]
    public async Task Rollback_StartsANewInstance()
    {
        await StartAsync<Job>();
        await _role.PromoteAsync();
        await _role.DrainAsync();
        await _role.PromoteAsync();
        Assert.Equal(["1 starts", "1 stops", "1 is disposed of", "2 starts"], _journal.Lines);
    }

    [Fact]
    public async Task HostStop_WithoutADrain_StopsIt()
    {
        await StartAsync<Job>();
        await _role.PromoteAsync();
        await _host!.StopAsync();
        Assert.Equal(["1 starts", "1 stops", "1 is disposed of"], _journal.Lines);
        await _role.DrainAsync();
        await _role.PromoteAsync(); // too late
        Assert.Equal(3, _journal.Lines.Count);
    }

    [Fact]
    public async Task Drain_StartHasNotEnded_IsCancelled()
    {
        await StartAsync<SlowStart>();
        var promoted = _role.PromoteAsync();
        await _journal.WaitForAsync("starts");
        _time.Advance(GenerationRole.HandlerTimeout);
        await promoted.WaitAsync(Patience); // its time is over
        await _role.DrainAsync().WaitAsync(Patience);
        Assert.Equal(["starts", "is cancelled"], _journal.Lines);
        Assert.False(_log.Has(EventIds.PrimaryServiceFailed));
    }

    // The role's handlers have 10 s; a BackgroundService takes the token of its start as its own.
    [Fact]
    public async Task Work_LongAfterTheHandlersTime_GoesOn()
    {
        _role.OnPromoted(_ => new TaskCompletionSource().Task); // another handler never ends
        await StartAsync<Worker>();
        var promoted = _role.PromoteAsync();
        await _journal.WaitForAsync("works");
        _time.Advance(GenerationRole.HandlerTimeout);
        await promoted.WaitAsync(Patience);
        Assert.Equal(["works"], _journal.Lines);
        await _role.DrainAsync().WaitAsync(Patience);
        Assert.Equal(["works", "ends"], _journal.Lines);
        Assert.False(_log.Has(EventIds.PrimaryServiceFailed));
    }

    [Theory]
    [InlineData(typeof(FailingStart), BackgroundServiceExceptionBehavior.StopHost)]
    [InlineData(typeof(FailingStart), BackgroundServiceExceptionBehavior.Ignore)]
    [InlineData(typeof(FailingWork), BackgroundServiceExceptionBehavior.StopHost)]
    [InlineData(typeof(FailingWork), BackgroundServiceExceptionBehavior.Ignore)]
    public async Task Failure_IsLoggedAndStopsTheHostIfItIsToldTo(Type service, BackgroundServiceExceptionBehavior behavior)
    {
        await (service == typeof(FailingStart) ? StartAsync<FailingStart>(behavior) : StartAsync<FailingWork>(behavior));
        var lifetime = _host!.Services.GetRequiredService<IHostApplicationLifetime>();
        var stops = behavior == BackgroundServiceExceptionBehavior.StopHost;
        await _role.PromoteAsync().WaitAsync(Patience);
        _journal.Fail.TrySetResult();
        await _journal.WaitUntilAsync(() => _log.Has(stops ? EventIds.PrimaryServiceStopsHost : EventIds.PrimaryServiceFailed));
        if (stops)
        {
            var stopping = new TaskCompletionSource();
            using var _ = lifetime.ApplicationStopping.Register(stopping.SetResult);
            await stopping.Task.WaitAsync(Patience);
        }

        Assert.Equal(stops, lifetime.ApplicationStopping.IsCancellationRequested);
        Assert.Equal(1, _log.Count(EventIds.PrimaryServiceFailed));
        Assert.False(_log.Has(EventIds.RoleHandlerFailed));
    }

    [Fact]
    public async Task Inert_RunsFromStartToStop_AndAFailedStartFailsTheHosts()
    {
        await StartAsync<Job>(inert: true);
        Assert.Equal(["1 starts"], _journal.Lines);
        await _host!.StopAsync();
        Assert.Equal(["1 starts", "1 stops", "1 is disposed of"], _journal.Lines);
        _host.Dispose();
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync<FailingStart>(inert: true));
    }

    [Fact]
    public async Task WithoutAddIps_SaysWhatIsMissing()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(_journal).AddLogging().AddIpsHostedService<Job>();
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());
        Assert.StartsWith("AddIpsHostedService<Job>() needs AddIps() or UseIps()", error.Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }

    private Task StartAsync<T>(
        BackgroundServiceExceptionBehavior behavior = BackgroundServiceExceptionBehavior.StopHost, bool inert = false)
        where T : class, IHostedService
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(new Provider(_log, _journal.Pulse));
        builder.Services.Configure<HostOptions>(options => options.BackgroundServiceExceptionBehavior = behavior);
        builder.Services.AddSingleton(_journal).AddSingleton(_role).AddSingleton(new HostClaim(inert ? "a test says so" : null));
        builder.Services.AddIpsHostedService<T>();
        _host = builder.Build();
        return _host.StartAsync();
    }

    private sealed class Journal
    {
        private readonly List<string> _lines = [];
        private int _instances;
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Fail { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines) return [.. _lines];
            }
        }

        public int NewInstance() => Interlocked.Increment(ref _instances);

        public void Add(string line)
        {
            lock (_lines) _lines.Add(line);
            Pulse();
        }

        /// <summary>Something has happened.</summary>
        public void Pulse() =>
            Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        public Task WaitForAsync(string line) => WaitUntilAsync(() => Lines.Contains(line));

        public async Task WaitUntilAsync(Func<bool> condition)
        {
            for (var changed = Volatile.Read(ref _changed).Task; !condition(); changed = Volatile.Read(ref _changed).Task)
                await changed.WaitAsync(Patience);
        }
    }

    private sealed class Job(Journal journal) : IHostedService, IDisposable
    {
        private readonly int _number = journal.NewInstance();

        public Task StartAsync(CancellationToken cancellationToken) => Say("starts");

        public Task StopAsync(CancellationToken cancellationToken) => Say("stops");

        public void Dispose() => Say("is disposed of");

        private Task Say(string what)
        {
            journal.Add($"{_number} {what}");
            return Task.CompletedTask;
        }
    }

    private sealed class SlowStart(Journal journal) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            journal.Add("starts");
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            journal.Add("is cancelled");
            cancellationToken.ThrowIfCancellationRequested();
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Worker(Journal journal) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            journal.Add("works");
            await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            journal.Add("ends");
        }
    }

    private sealed class FailingStart : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("no queue");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class FailingWork(Journal journal) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await journal.Fail.Task;
            throw new InvalidOperationException("no queue");
        }
    }

    private sealed class Provider(ILogger log, Action logged) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            log.Log(logLevel, eventId, state, exception, formatter);
            logged();
        }

        public void Dispose()
        {
        }
    }
}
