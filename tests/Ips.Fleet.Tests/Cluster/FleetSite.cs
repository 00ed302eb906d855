using Ips.Fleet.Rollouts;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Remote.Transport.DotNetty;
using Ips.Fleet.Agents;
using Ips.Fleet.Cluster;
using Ips.Fleet.Security;
using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Tests.Cluster;

/// <summary>A fleet's authority, its agents and its enemies, on loopback addresses of their own.</summary>
internal sealed class FleetSite : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-fleet-").FullName;
    private readonly List<IDisposable> _open = [];

    public static TimeSpan Step { get; } = TimeSpan.FromSeconds(60);

    public X509Certificate2 Authority { get; } = FleetCertificates.MakeAuthority(DateTimeOffset.UtcNow.AddDays(-30));

    public static FleetAddress Address(int last)
    {
        var ip = IPAddress.Parse($"127.0.0.{last}");
        using var listener = new TcpListener(ip, 0);
        listener.Start();
        return new FleetAddress(ip.ToString(), ((IPEndPoint)listener.LocalEndpoint).Port);
    }

    public Node Start(string name, FleetAddress address, params FleetAddress[] seeds) => Start(name, address, false, seeds);

    public Node Start(string name, FleetAddress address, bool witness, params FleetAddress[] seeds)
    {
        var files = new TlsFiles(File("ca.crt"), File($"{name}.crt"), File($"{name}.key"));
        FleetCertificates.SaveCertificate(Authority, files.Ca);
        using (var own = FleetCertificates.Issue(Authority, name, address, DateTimeOffset.UtcNow))
            FleetCertificates.Save(own, files.Certificate, files.Key);
        var node = new Node();
        node.Fleet = FleetSystem.Start(
            new AgentOptions(name, address, seeds.Length == 0 ? [address] : seeds, File("state"), File("sock"))
            {
                Tls = files, Witness = witness, Fleets = witness ? [] : [new FleetService("web", "/none")],
            },
            node.Log, node.Time,
            (_, _) => Props.Create(() => new Ear(name, node.Heard)), _ => Props.Create(() => new Ear(name, node.Heard)));
        _open.Add(node.Fleet);
        return node;
    }

    /// <summary>An actor system that checks nothing and has Akka's own serializers beside the fleet's.</summary>
    public ActorSystem Enemy(FleetAddress address, X509Certificate2? certificate)
    {
        var setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(ConfigurationFactory.ParseString($$"""
            akka {
              stdout-loglevel = OFF
              stdout-logger-class = "Ips.Fleet.Cluster.SilentLog, Ips.Fleet"
              loglevel = OFF
              actor.provider = remote
              actor.serializers.fleet = "Ips.Fleet.Wire.FleetSerializer, Ips.Fleet"
              actor.serialization-bindings { "Ips.Fleet.Agents.FleetMessage, Ips.Fleet" = fleet }
              remote.retry-gate-closed-for = 200ms
              remote.dot-netty.tcp {
                hostname = "{{address.Host}}"
                port = {{address.Port}}
                enable-ssl = {{(certificate is null ? "false" : "true")}}
              }
            }
            """)));
        if (certificate is not null)
            setup = setup.And(new DotNettySslSetup(certificate, suppressValidation: true, requireMutualAuthentication: true));
        var system = ActorSystem.Create("ips-fleet", setup);
        system.ActorOf(Props.Create(() => new Ear("enemy", new ConcurrentQueue<string>())), "agent");
        _open.Add(new Ending(system));
        return system;
    }

    public X509Certificate2 Certificate(FleetAddress address, params string[] usages) => FleetCertificates.Issue(Authority, "n", address,
        DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1),
        usages.Length > 0 ? usages : [FleetCertificates.ServerUsage, FleetCertificates.ClientUsage]);

    public static ActorSelection AgentOf(ActorSystem from, FleetAddress at) =>
        from.ActorSelection(FleetConfiguration.Uri(at, tls: true) + FleetSystem.AgentPath);

    /// <summary>Asks again and again, as every sender between agents does.</summary>
    public static async Task<string?> AskAsync(ICanTell target, string fleet, Func<string?, bool>? until = null)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var answer = await target.Ask<FleetMessage.Answer>(new FleetMessage.Look(fleet), TimeSpan.FromSeconds(1));
                if (until is null || until(answer.View.Coordinator)) return answer.View.Coordinator;
                await Task.Delay(20); // between two questions
            }
            catch (AskTimeoutException) when (watch.Elapsed < Step)
            {
                // again
            }

            Assert.True(watch.Elapsed < Step, "no answer in time");
        }
    }

    public static async Task UntilAsync(Func<bool> condition, string what, Action? meanwhile = null)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Step, $"in vain: {what}");
            meanwhile?.Invoke();
            await Task.Delay(20);
        }
    }

    public void Dispose()
    {
        foreach (var open in _open) open.Dispose();
        Authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string File(string name) => Path.Combine(_folder, name);

    internal sealed class Node
    {
        public FleetSystem Fleet { get; set; } = null!;

        public LineLog Log { get; } = new();

        public AheadTime Time { get; } = new();

        /// <summary>The fleets that the agent or the coordinator was asked for.</summary>
        public ConcurrentQueue<string> Heard { get; } = new();
    }

    private sealed class Ending(ActorSystem system) : IDisposable
    {
        public void Dispose() => _ = system.Terminate();
    }

    private sealed class Ear : ReceiveActor
    {
        public Ear(string name, ConcurrentQueue<string> heard)
        {
            Receive<FleetMessage.Look>(look =>
            {
                heard.Enqueue(look.Fleet);
                Sender.Tell(new FleetMessage.Answer(new FleetView(look.Fleet, name, [])));
            });
            ReceiveAny(other => heard.Enqueue(other.GetType().Name));
        }
    }
}

/// <summary>The system's clock, ahead by some time.</summary>
internal sealed class AheadTime : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
}

/// <summary>Keeps log lines.</summary>
internal sealed class LineLog : ILoggerFactory, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => Lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)}");

    public override string ToString() => string.Join("\n", Lines);
}
