using System.Collections.Concurrent;
using System.Globalization;
using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Hosting;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Tests.Diagnostics;

public sealed partial class ActorLoggersTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public void Log_ProviderThatMakesItsCallerWait_NeverWaitsAndCountsWhatIsLost()
    {
        using var provider = new SlowProvider();
        using var services = Services(provider);
        var logger = services.GetRequiredService<ActorLoggers>().Create<LifecycleActor>();
        const int count = ActorLoggers.MaxWaiting + 500;
        for (var i = 0; i < count; i++) Say(logger, i);

        provider.Open.Set();
        Assert.True(SpinWait.SpinUntil(() => Kept().Count + Lost() == count, Limit)); // the loss is told before the rest is written
        // One more has room once the writer has taken the first, which it may do late.
        Assert.Equal(Enumerable.Range(0, ActorLoggers.MaxWaiting).Select(i => $"77 number {i}"), Kept().Take(ActorLoggers.MaxWaiting));
        Assert.InRange(Kept().Count, ActorLoggers.MaxWaiting, ActorLoggers.MaxWaiting + 1);

        List<string> Kept() => [.. provider.Lines.Where(line => line.StartsWith("77 ", StringComparison.Ordinal))];

        int Lost() => provider.Lines.Where(line => line.StartsWith($"{EventIds.EventsLost} ", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Log_ProviderThatThrows_IsCountedAndTheNextIsLogged()
    {
        using var provider = new SlowProvider { Fails = true };
        provider.Open.Set();
        using var services = Services(provider);
        var logger = services.GetRequiredService<ActorLoggers>().Create<LifecycleActor>();
        Say(logger, 1);
        Assert.True(SpinWait.SpinUntil(() => !provider.Fails, Limit));
        Say(logger, 2);
        Assert.True(SpinWait.SpinUntil(() => provider.Lines.Count == 2, Limit));
        Assert.Equal("77 number 2", provider.Lines.First());
        Assert.StartsWith($"{EventIds.EventsLost} Lost 1 event ", provider.Lines.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_EventsOnTheirWay_AreLoggedFirst()
    {
        using var provider = new SlowProvider();
        provider.Open.Set();
        using (var services = Services(provider))
        {
            var logger = services.GetRequiredService<ActorLoggers>().Create<LifecycleActor>();
            for (var i = 0; i < 100; i++) Say(logger, i);
        }

        Assert.Equal(100, provider.Lines.Count);
    }

    [Fact]
    public void Create_FilterOfANamespace_DecidesForItsTypes()
    {
        using var provider = new SlowProvider();
        using var services = new ServiceCollection()
            .AddLogging(logging => logging.ClearProviders().AddProvider(provider)
                .AddFilter("Ips.Actors", LogLevel.Warning).AddFilter("Ips.Actors.Reloader", LogLevel.Debug))
            .AddSingleton<ActorLoggers>().BuildServiceProvider();
        var loggers = services.GetRequiredService<ActorLoggers>();

        Assert.True(loggers.Create<ReloaderActor>().IsEnabled(LogLevel.Debug));
        Assert.False(loggers.Create<LifecycleActor>().IsEnabled(LogLevel.Information));
        Assert.False(loggers.Create(typeof(HistoryFile)).IsEnabled(LogLevel.Information));
        Assert.True(loggers.Create<LifecycleActor>().IsEnabled(LogLevel.Warning));
    }

    [Fact]
    public async Task Log_ByAnActor_HasItsPathAsAField()
    {
        using var provider = new SlowProvider();
        provider.Open.Set();
        using var services = Services(provider);
        var logger = services.GetRequiredService<ActorLoggers>().Create<LifecycleActor>();
        using var system = ActorSystem.Create("test");
        var actor = system.ActorOf(Props.Create(() => new Counter(logger)), "counter");
        actor.Tell(3);
        new Thread(() => Say(logger, 4)).Start(); // not this one: a TestKit leaves its test actor as the current one on its thread
        Assert.True(SpinWait.SpinUntil(() => provider.Fields.Count == 2, Limit));
        await system.Terminate().WaitAsync(Limit);

        Assert.Equal("/user/counter", provider.Fields.Single(fields => fields["Number"] is 3)["ActorPath"]);
        Assert.DoesNotContain("ActorPath", provider.Fields.Single(fields => fields["Number"] is 4).Keys);
    }

    private static ServiceProvider Services(ILoggerProvider provider) =>
        new ServiceCollection().AddLogging(logging => logging.ClearProviders().AddProvider(provider)).AddSingleton<ActorLoggers>()
            .BuildServiceProvider();

    [LoggerMessage(77, LogLevel.Information, "number {Number}")]
    private static partial void Say(ILogger logger, int number);

    private sealed class Counter : ReceiveActor
    {
        public Counter(ILogger logger) => Receive<int>(number => Say(logger, number));
    }

    private sealed class SlowProvider : ILoggerProvider, ILogger
    {
        private volatile bool _fails;

        public ManualResetEventSlim Open { get; } = new();

        public ConcurrentQueue<string> Lines { get; } = new();

        public ConcurrentQueue<Dictionary<string, object?>> Fields { get; } = new();

        public bool Fails
        {
            get => _fails;
            init => _fails = value;
        }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Open.Wait();
            if (_fails)
            {
                _fails = false;
                throw new IOException("broken");
            }

            Lines.Enqueue($"{eventId.Id} {formatter(state, exception)}");
            if (state is IEnumerable<KeyValuePair<string, object?>> fields) Fields.Enqueue(new(fields));
        }

        public void Dispose() => Open.Set();
    }
}
