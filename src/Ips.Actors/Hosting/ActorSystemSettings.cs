using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Ips.Actors.Hosting;

/// <summary>Akka's part of the start-up, kept small: a reload waits for it.</summary>
internal static class ActorSystemSettings
{
    /// <summary>Dispatchers run on the .NET thread pool, clocks are .NET's, Akka's own log is for warnings and errors, and the host decides
    /// when to shut down.</summary>
    public static Config Hocon { get; } = ConfigurationFactory.ParseString(
        """
        akka {
          loggers = []
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          scheduler.implementation = "Ips.Actors.Hosting.IdleScheduler, Ips.Actors"
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            exit-clr = off
          }
          actor {
            serializers.json = "Ips.Actors.Hosting.NoSerializer, Ips.Actors"
            default-dispatcher.executor = channel-executor
            internal-dispatcher.executor = channel-executor
          }
        }
        """);
}

/// <summary>In place of Akka's JSON serializer, which would be made and compiled at each start: messages stay in this process.</summary>
internal sealed class NoSerializer : Serializer
{
    /// <summary>As Akka makes it, by its name, with the settings of what it replaces.</summary>
    public NoSerializer(ExtendedActorSystem system, Config settings) : base(system) => _ = settings;

    public override int Identifier => 1; // that of what it replaces

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => throw new NotSupportedException("Messages of Ips stay in their process.");

    public override object FromBinary(byte[] bytes, Type type) => throw new NotSupportedException("Messages of Ips stay in their process.");
}
