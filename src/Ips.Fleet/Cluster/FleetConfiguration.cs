using System.Globalization;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;
using Ips.Fleet.Agents;
using Ips.Fleet.Security;
using Ips.Fleet.Wire;

namespace Ips.Fleet.Cluster;

/// <summary>Akka's settings for an agent. Pure.</summary>
internal static class FleetConfiguration
{
    /// <summary>The name of every agent's actor system: part of each address.</summary>
    public const string SystemName = "ips-fleet";

    /// <summary>The settings as a whole.</summary>
    public static Config Of(AgentOptions options) => ConfigurationFactory.ParseString(Text(options))
        .WithFallback(ClusterSingleton.DefaultConfig());

    /// <summary>The URI of an agent's actor system.</summary>
    public static string Uri(FleetAddress address, bool tls) => $"akka.{(tls ? "ssl." : "")}tcp://{SystemName}@{address}";

    private static string Text(AgentOptions options)
    {
        var tls = options.Tls is not null;
        var roles = FleetRoles.Of(options.Name, options.Witness, options.Fleets.Select(service => service.Fleet));
        return string.Create(CultureInfo.InvariantCulture, $$"""
            akka {
              loglevel = INFO
              stdout-loglevel = OFF
              stdout-logger-class = "{{Type<SilentLog>()}}"
              loggers = ["Ips.Fleet.Cluster.AkkaLog, Ips.Fleet"]
              logger-startup-timeout = 60s
              log-dead-letters = off
              log-dead-letters-during-shutdown = off
              coordinated-shutdown {
                # The host decides when the process ends, and learns when a system has ended.
                exit-clr = off
                run-by-clr-shutdown-hook = off
                run-by-actor-system-terminate = off
                terminate-actor-system = on
              }
              actor {
                provider = cluster
                serializers {
                  fleet = "{{Type<FleetSerializer>()}}"
                  json = "{{Type<RefusingJson>()}}"
                  daemon-create = "{{Type<RefusingDaemonCreate>()}}"
                  proto = "{{Type<RefusingProto>()}}"
                  akka-misc = "{{Type<NarrowMisc>()}}"
                  akka-system-msg = "{{Type<NarrowSystemMessages>()}}"
                }
                serialization-bindings { "Ips.Fleet.Agents.FleetMessage, Ips.Fleet" = fleet }
                serialization-identifiers { "{{Type<FleetSerializer>()}}" = {{FleetSerializer.Id}} }
                serialization-settings.allow-unregistered-types = false
              }
              remote {
                # A member may talk to these actors, and can neither start, stop nor find others.
                untrusted-mode = on
                trusted-selection-paths = [{{string.Join(", ", TrustedPaths.Select(Quoted))}}]
                handshake-timeout = 10s
                dot-netty.tcp {
                  hostname = {{Quoted(options.Address.Host)}}
                  port = {{options.Address.Port}}
                  dns-use-ipv6 = {{(options.Address.UriHost[0] == '[' ? "true" : "false")}}
                  connection-timeout = 10s
                  # On, .NET sets SO_REUSEPORT as well, and a second agent of this user would take half of the connections unnoticed.
                  # .NET sets SO_REUSEADDR alone by itself, so that a restart does not wait for old connections.
                  tcp-reuse-addr = off
                  maximum-frame-size = {{FleetCodec.FrameBytes}}b
                  enable-ssl = {{(tls ? "true" : "false")}}
                  ssl { require-mutual-authentication = true, validate-certificate-hostname = true }
                }
              }
              cluster {
                roles = [{{string.Join(", ", roles.Select(Quoted))}}]
                seed-nodes = [{{string.Join(", ", options.Seeds.Select(seed => Quoted(Uri(seed, tls))))}}]
                # A member that was counted out ends its system; the host starts another.
                run-coordinated-shutdown-when-down = on
                # A killed agent is suspected after 4 to 5 s. It is counted out {{nameof(options.DownAfter)}} later, and its singleton is
                # started elsewhere after the same time again: 15 to 19 s with 5 s.
                failure-detector { heartbeat-interval = 1s, acceptable-heartbeat-pause = 3s, threshold = 8.0 }
                downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
                split-brain-resolver {
                  active-strategy = {{(options.Quorum is null ? "keep-majority" : "static-quorum")}}
                  stable-after = {{options.DownAfter.TotalMilliseconds}}ms
                  # Detectors of a large fleet do not agree at once. The default, 4 s more, would end every agent then.
                  down-all-when-unstable = {{options.DownAfter.TotalMilliseconds * 3}}ms
                  {{(options.Quorum is { } quorum ? $"static-quorum.quorum-size = {quorum}" : "")}}
                }
                singleton {
                  singleton-name = {{FleetSystem.SingletonName}}
                  hand-over-retry-interval = 1s
                  min-number-of-hand-over-retries = 15
                }
                singleton-proxy {
                  singleton-name = {{FleetSystem.SingletonName}}
                  singleton-identification-interval = 1s
                  buffer-size = 0
                  # It says so at every start. A sender that gets no answer says so better.
                  log-singleton-identification-failure = false
                }
              }
            }
            """);
    }

    private static IEnumerable<string> TrustedPaths =>
    [
        "/system/cluster/core/daemon", "/system/cluster/heartbeatReceiver", FleetSystem.AgentPath, FleetSystem.ManagerPath,
        $"{FleetSystem.ManagerPath}/{FleetSystem.SingletonName}",
    ];

    // Host, names and roles were checked, and have no quotes in them.
    private static string Quoted(string text) => $"\"{text}\"";

    private static string Type<T>() => $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}";
}
