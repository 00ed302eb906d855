using Ips.Actors.Diagnostics;
using Ips.Actors.Hosting;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Hosting;

/// <summary>Who is told that hosted services run in two generations during a reload: an app that has some of its own, and seems not to
/// know.</summary>
public sealed class BackgroundJobsTests
{
    private readonly RecordingLog _log = new();

    [Fact]
    public async Task Start_OwnServiceAndNobodyKnows_IsToldOnce()
    {
        await StartAsync(services => services.AddHostedService<Mailer>());
        var (level, _, text) = Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.JobsRunTwice);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("Mailer", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_FactoryAndInstance_AreNamedToo()
    {
        await StartAsync(services => services.AddHostedService(_ => new Mailer()).AddSingleton<IHostedService>(new Other()));
        Assert.Contains("Mailer, Other", Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.JobsRunTwice).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NothingOfTheApps_IsNotTold() => await NotToldAsync(_ => { });

    [Fact]
    public async Task Start_SomebodyAskedForTheGeneration_IsNotTold() =>
        await NotToldAsync(services => services.AddHostedService<Mailer>().AddHostedService<Knowing>());

    [Fact]
    public async Task Start_OneIsAddedAsPrimary_IsNotTold() =>
        await NotToldAsync(services => services.AddHostedService<Mailer>().AddIpsHostedService<Other>());

    [Fact]
    public async Task Start_Inert_IsNotTold() => await NotToldAsync(services => services.AddHostedService<Mailer>(), inert: true);

    [Fact]
    public async Task Start_Orphaned_IsNotTold() => await NotToldAsync(services => services.AddHostedService<Mailer>(), orphaned: true);

    private async Task NotToldAsync(Action<IServiceCollection> add, bool inert = false, bool orphaned = false)
    {
        await StartAsync(add, inert, orphaned);
        Assert.False(_log.Has(EventIds.JobsRunTwice));
    }

    private async Task StartAsync(Action<IServiceCollection> add, bool inert = false, bool orphaned = false)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(new Provider(_log));
        var generation = new GenerationContext { Number = 1, StartCommand = FrontFixture.Generation.StartCommand, Orphaned = orphaned };
        builder.Services.AddSingleton(generation).AddSingleton(FrontFixture.Role()).AddSingleton<ActorLoggers>()
            .AddSingleton(new HostClaim(inert ? "a test says so" : null));
        BackgroundJobs.Add(builder.Services);
        add(builder.Services);
        using (var host = builder.Build())
        {
            await host.StartAsync();
            await host.StopAsync();
        } // the log is written by then
    }

    private class Mailer : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Other : Mailer;

    private sealed class Knowing(IIpsGeneration generation) : Mailer
    {
        public int Number => generation.Number;
    }

    private sealed class Provider(ILogger log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
        }
    }
}
