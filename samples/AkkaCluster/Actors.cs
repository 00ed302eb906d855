using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace AkkaCluster;

/// <summary>Answers requests; each process has one.</summary>
internal sealed class Greeter : ReceiveActor
{
    public Greeter() => Receive<string>(name => Sender.Tell($"Hello {name}!"));
}

/// <summary>Reports how many members there are. The whole cluster has one, on its oldest member.</summary>
internal sealed class Reporter : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public Reporter()
    {
        var log = Context.GetLogger();
        var cluster = Cluster.Get(Context.System);
        Receive<string>(_ => log.Info("The cluster has {0} members.", cluster.State.Members.Count));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.GetLogger().Info("The reporter runs here.");
        Timers.StartPeriodicTimer("report", "report", Interval);
    }

    protected override void PostStop() => Context.GetLogger().Info("The reporter stops here.");
}
