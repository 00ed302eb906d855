using Akka.Configuration;

namespace Ips.Actors.Hosting;

/// <summary>Akka's part of the start-up, kept small: a reload waits for it.</summary>
internal static class ActorSystemSettings
{
    /// <summary>Dispatchers run on the .NET thread pool, Akka's own log is for warnings and errors, and the host decides when to shut
    /// down.</summary>
    public static Config Hocon { get; } = ConfigurationFactory.ParseString(
        """
        akka {
          loggers = []
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            exit-clr = off
          }
          actor {
            default-dispatcher.executor = channel-executor
            internal-dispatcher.executor = channel-executor
          }
        }
        """);
}
