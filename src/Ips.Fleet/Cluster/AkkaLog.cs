using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Dispatch;
using Akka.Event;
using Ips.Fleet.Security;
using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Cluster;

/// <summary>Where Akka's lines go, and those of refused peers.</summary>
/// <remarks>A stranger can make Akka write three lines for each connection. So the lines of its network are limited by class, as are our
/// own of refused peers, and those that were not shown are counted. Lines of the cluster itself are not limited: only a member causes
/// them.</remarks>
internal sealed class AkkaLogSetup(ILogger logger, TimeProvider time) : Setup
{
    private const int MostSources = 64, MostText = 300;

    private readonly ConcurrentDictionary<string, RefusalLimiter> _limiters = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>A peer was refused; called on a thread of the network.</summary>
    public void PeerRefused(string text)
    {
        if (Shows("peers")) logger.PeerRefused(Line(text));
    }

    /// <summary>A line of Akka's.</summary>
    public void Take(LogEvent line)
    {
        var source = SourceOf(line);
        var isNetwork = line.LogClass?.Namespace?.StartsWith("Akka.Remote", StringComparison.Ordinal) == true || source == "remoting"
            || line.LogSource?.Contains("/system/endpointManager", StringComparison.Ordinal) == true
            || line.LogSource?.Contains("/system/transports", StringComparison.Ordinal) == true;
        var level = line.LogLevel();
        // Akka says of each connection that it came and went.
        if (isNetwork && level < Akka.Event.LogLevel.WarningLevel) return;
        if (isNetwork && !Shows(source)) return;
        // The stack of an exception that a peer caused tells nothing of the peer, and takes a page.
        var text = Line(isNetwork && line.Cause is { } cause ? $"{line.Message} {cause.GetBaseException().Message}" : $"{line.Message}");
        switch (level)
        {
            case Akka.Event.LogLevel.ErrorLevel when !isNetwork:
                logger.NetworkFailed(line.Cause, source, text);
                break;
            // An error of a connection is the peer's, or heals by the next one.
            case Akka.Event.LogLevel.ErrorLevel or Akka.Event.LogLevel.WarningLevel:
                logger.NetworkWarned(source, text);
                break;
            default:
                // Who came and went is the story of a fleet; how Akka starts its parts is not.
                if (source is "Cluster" or "SplitBrainResolver") logger.Network(source, text);
                else logger.NetworkDetail(source, text);
                break;
        }
    }

    /// <summary>Logs how many lines were not shown, once their window is over.</summary>
    public void Turn()
    {
        foreach (var source in _limiters.Keys)
        {
            long tell;
            lock (_gate) (_limiters[source], tell) = _limiters[source].Turn(time.GetUtcNow());
            if (tell > 0) logger.LinesHidden(source, tell);
        }
    }

    private bool Shows(string source)
    {
        bool shows;
        long tell;
        lock (_gate)
        {
            if (!_limiters.ContainsKey(source) && _limiters.Count >= MostSources) source = "other sources";
            var now = time.GetUtcNow();
            (_limiters[source], shows, tell) = _limiters.GetValueOrDefault(source, new RefusalLimiter(now, 0, 0)).Take(now);
        }

        if (tell > 0) logger.LinesHidden(source, tell);
        return shows;
    }

    // Where a source has no class, Akka names one of its own: "remoting (akka://ips-fleet)", "Cluster (akka://ips-fleet)".
    private static string SourceOf(LogEvent line) =>
        line.LogClass is { Name: not "DummyClassForStringSources" } type ? type.Name : line.LogSource?.Split(' ')[0] is { Length: > 0 } name
            ? name : "Akka";

    // Parts of a line can come from a peer: no control characters, no novel.
    private static string Line(string text)
    {
        if (text.Length > MostText) text = text[..MostText];
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
    }
}

/// <summary>Instead of Akka's logger to stdout, which is used after the others have stopped: stdout is the host's.</summary>
internal sealed class SilentLog : MinimalLogger
{
    /// <inheritdoc/>
    protected override void Log(object message)
    {
    }
}

/// <summary>Akka's logger: hands every line to <see cref="AkkaLogSetup"/>.</summary>
internal sealed class AkkaLog : ReceiveActor, IWithTimers, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    private readonly AkkaLogSetup _setup = Context.System.Settings.Setup.Get<AkkaLogSetup>().Value;

    /// <summary>Made by Akka by its name.</summary>
    public AkkaLog()
    {
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(_setup.Take);
        Receive<Turn>(_ => _setup.Turn());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Turn), new Turn(), RefusalLimiter.Window);

    /// <inheritdoc/>
    protected override void PostStop() => _setup.Turn();

    private sealed record Turn;
}
