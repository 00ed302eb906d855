using System.Collections.Concurrent;
using System.Globalization;
using Ips.Actors.Diagnostics;
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
        var logger = services.GetRequiredService<ActorLoggers>().Create("/user/ips/lifecycle");
        const int count = ActorLoggers.MaxWaiting + 500;
        for (var i = 0; i < count; i++) Say(logger, i);

        provider.Open.Set();
        Assert.True(SpinWait.SpinUntil(() => Kept().Count + Lost() == count, Limit)); // the loss is told before the rest is written
        Assert.Equal(Enumerable.Range(0, Kept().Count).Select(i => $"77 number {i}"), Kept());
        Assert.InRange(Kept().Count, ActorLoggers.MaxWaiting, ActorLoggers.MaxWaiting + 1);

        List<string> Kept() => [.. provider.Lines.Where(line => line.StartsWith("77 ", StringComparison.Ordinal))];

        int Lost() => provider.Lines.Where(line => line.StartsWith($"{EventIds.EventsLost} ", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Log_ProviderThatThrows_IsCountedAndTheNextIsLogged()
    {
        using var provider = new SlowProvider { Fails = true };
        provider.Open.Set();
        using var services = Services(provider);
        var logger = services.GetRequiredService<ActorLoggers>().Create("/user/ips/lifecycle");
        Say(logger, 1);
        Assert.True(SpinWait.SpinUntil(() => !provider.Fails, Limit));
        Say(logger, 2);
        Assert.True(SpinWait.SpinUntil(() => provider.Lines.Count == 2, Limit));
        Assert.Equal("77 number 2", provider.Lines.First());
        Assert.StartsWith($"{EventIds.EventsLost} 1 events", provider.Lines.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_EventsOnTheirWay_AreLoggedFirst()
    {
        using var provider = new SlowProvider();
        provider.Open.Set();
        using (var services = Services(provider))
        {
            var logger = services.GetRequiredService<ActorLoggers>().Create("/user/ips/lifecycle");
            for (var i = 0; i < 100; i++) Say(logger, i);
        }

        Assert.Equal(100, provider.Lines.Count);
    }

    private static ServiceProvider Services(ILoggerProvider provider) =>
        new ServiceCollection().AddLogging(logging => logging.ClearProviders().AddProvider(provider)).AddSingleton<ActorLoggers>()
            .BuildServiceProvider();

    [LoggerMessage(77, LogLevel.Information, "number {Number}")]
    private static partial void Say(ILogger logger, int number);

    private sealed class SlowProvider : ILoggerProvider, ILogger
    {
        private volatile bool _fails;

        public ManualResetEventSlim Open { get; } = new();

        public ConcurrentQueue<string> Lines { get; } = new();

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
        }

        public void Dispose() => Open.Set();
    }
}
