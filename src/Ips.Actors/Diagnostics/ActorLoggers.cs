using System.Threading.Channels;
using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Diagnostics;

/// <summary>The loggers of what must never wait for a log: the actors, and whatever a stop, a reload or a question to the daemon
/// needs.</summary>
/// <remarks>
/// The log of Ips queues by itself (<see cref="LogLane"/>). Other providers may make their caller wait, as .NET's console logger does
/// when 2,500
/// lines wait for a reader that has stopped. If the app has such a one, events go to all providers on a thread of their own; those beyond
/// <see cref="MaxWaiting"/> are dropped and counted.
/// </remarks>
internal sealed class ActorLoggers : IDisposable
{
    /// <summary>Events that may wait.</summary>
    internal const int MaxWaiting = 1000;

    private const int StackSizeBytes = 256 * 1024;
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(1);

    private readonly ILoggerFactory _factory;
    private readonly ILogger _own;
    private readonly Channel<Action>? _waiting;
    private readonly Thread? _thread;
    private int _lost;

    /// <param name="factory">The app's loggers.</param>
    /// <param name="providers">What they write to.</param>
    public ActorLoggers(ILoggerFactory factory, IEnumerable<ILoggerProvider> providers)
    {
        (_factory, _own) = (factory, factory.CreateLogger(typeof(ActorLoggers).FullName!));
        if (providers.All(provider => provider is LineFormatLoggerProvider)) return;
        _waiting = Channel.CreateBounded<Action>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
        _thread = new Thread(Run, StackSizeBytes) { IsBackground = true, Name = "ips-log-app" };
        _thread.Start();
    }

    /// <summary>Puts a message into its reader's words.</summary>
    public Func<string, string> Rephrase { get; init; } = text => text;

    /// <summary>A logger whose calls never wait. Its category is the type's name, for <c>Logging:LogLevel:Ips.Actors.Reloader</c> and the
    /// like; what an actor logs has its path as a field.</summary>
    public ILogger Create(Type type) => new ActorLogger(_factory.CreateLogger(type.FullName!), this);

    /// <inheritdoc cref="Create(Type)"/>
    public ILogger Create<T>() => Create(typeof(T));

    /// <summary>Waits a moment for the events that are on their way.</summary>
    public void Dispose()
    {
        _waiting?.Writer.TryComplete();
        _thread?.Join(ExitTimeout);
    }

    private void Add(Action log)
    {
        if (_waiting is null) log();
        else if (!_waiting.Writer.TryWrite(log)) Interlocked.Increment(ref _lost);
    }

    private void Run()
    {
        var waiting = _waiting!.Reader;
        while (waiting.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (waiting.TryRead(out var log))
            {
                try
                {
                    log();
                    if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost) _own.EventsLost(lost);
                }
#pragma warning disable CA1031 // a provider of the app failed: on a thread of ours that would end the process
                catch (Exception)
#pragma warning restore CA1031
                {
                    Interlocked.Increment(ref _lost);
                }
            }
        }
    }

    private sealed class ActorLogger(ILogger logger, ActorLoggers loggers) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var text = loggers.Rephrase(formatter(state, exception)); // now: what the state names may change
            object? fields = state;
            if (state is IEnumerable<KeyValuePair<string, object?>> own)
            {
                var worded = LogFields.InWords(own, loggers.Rephrase);
                if (ActorCell.GetCurrentSelfOrNoSender() is { } actor)
                    worded.Insert(0, new("ActorPath", actor.Path.ToStringWithoutAddress()));
                fields = worded;
            }

            loggers.Add(() => logger.Log(logLevel, eventId, fields, exception, (_, _) => text));
        }
    }
}

internal static partial class ActorLoggersLog
{
    [LoggerMessage(EventIds.EventsLost, LogLevel.Warning,
        "Lost {Events:event} before this one: a log provider of the app failed, or blocked 1000 more events.")]
    public static partial void EventsLost(this ILogger logger, Quantity events);
}
