using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Serialization;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Ips.Fleet.Agents;
using Ips.Fleet.Cluster;
using Ips.Fleet.Security;
using Xunit.Abstractions;

namespace Ips.Fleet.Tests.Cluster;

/// <summary>Who may talk to an agent, by real sockets on loopback.</summary>
[Collection(nameof(Network))]
public sealed class PeerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Peers_WithoutAFitCertificate_AreNotHeardAndAValidOneIs()
    {
        using var site = new FleetSite();
        var address = FleetSite.Address(31);
        var node = site.Start("n1", address);
        var (now, at) = (DateTimeOffset.UtcNow, FleetSite.Address(32));
        using var foreign = FleetCertificates.MakeAuthority(now);
        var unfit = new Dictionary<string, X509Certificate2?>
        {
            ["foreign"] = FleetCertificates.Issue(foreign, "n1", at, now),
            ["expired"] = FleetCertificates.Issue(site.Authority, "n2", at, now.AddDays(-9), now.AddDays(-1),
                FleetCertificates.ServerUsage, FleetCertificates.ClientUsage),
            ["usage"] = site.Certificate(at, FleetCertificates.ServerUsage),
            ["plain"] = null,
        };
        foreach (var (name, certificate) in unfit)
        {
            var enemy = site.Enemy(FleetSite.Address(32), certificate);
            var refusals = Refusals(node);
            // By the path of a TLS system also where the enemy has none: it has no such transport, and so dials in plain text.
            var target = certificate is null
                ? enemy.ActorSelection(FleetConfiguration.Uri(address, tls: false) + FleetSystem.AgentPath) : FleetSite.AgentOf(enemy, address);
            await FleetSite.UntilAsync(() => Refusals(node) > refusals, $"{name} is refused",
                () => target.Tell(new FleetMessage.Look(name), ActorRefs.NoSender));
            await enemy.Terminate().WaitAsync(FleetSite.Step);
        }

        await NoCertificateAsync(address);
        var friend = site.Start("n2", FleetSite.Address(33));
        Assert.Equal("n1", await FleetSite.AskAsync(FleetSite.AgentOf(friend.Fleet.System, address), "friend"));
        Assert.Equal(["friend"], node.Heard.Distinct());
        output.WriteLine(node.Log.ToString());
        Assert.InRange(node.Log.Lines.Count, 1, 60);
    }

    [Fact]
    public async Task Peer_WhoseCertificateIsForAnotherAddress_IsNotSpokenTo()
    {
        using var site = new FleetSite();
        var node = site.Start("n1", FleetSite.Address(34));
        var (at, right) = (FleetSite.Address(35), FleetSite.Address(36));
        site.Enemy(at, site.Certificate(FleetSite.Address(99)));
        site.Enemy(right, site.Certificate(right));
        await FleetSite.UntilAsync(() => node.Log.Lines.Any(line => line.Contains("is not for 127.0.0.35", StringComparison.Ordinal)),
            "the wrong name is refused", () => FleetSite.AgentOf(node.Fleet.System, at).Tell(new FleetMessage.Look("x"), ActorRefs.NoSender));
        Assert.Equal("enemy", await FleetSite.AskAsync(FleetSite.AgentOf(node.Fleet.System, right), "x"));
    }

    [Fact]
    public async Task Member_CanNeitherDeployNorMakeObjects()
    {
        using var site = new FleetSite();
        var address = FleetSite.Address(37);
        var node = site.Start("n1", address);
        var at = FleetSite.Address(38);
        var member = site.Enemy(at, site.Certificate(at));
        Assert.Equal("n1", await FleetSite.AskAsync(FleetSite.AgentOf(member, address), "first"));

        var remote = Address.Parse(FleetConfiguration.Uri(address, tls: true));
        member.ActorOf(Props.Create<Intruder>().WithDeploy(new Deploy(new RemoteScope(remote))), "intruder");
        var agent = FleetSite.AgentOf(member, address);
        Intruder.Built = 0;
        agent.Tell(Bomb.Make(), ActorRefs.NoSender);
        agent.Tell(new Status.Failure(BombException.Make()), ActorRefs.NoSender);
        agent.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        member.ActorSelection(FleetConfiguration.Uri(address, tls: true) + "/user/coordinator-proxy").Tell(
            new FleetMessage.Look("by a path that is not trusted"), ActorRefs.NoSender);

        // What was sent before on the same connection has arrived when this is answered.
        Assert.Equal("n1", await FleetSite.AskAsync(agent, "last"));
        Assert.Equal(0, Intruder.Built);
        Assert.Equal(["first", "last"], node.Heard.Distinct());
        output.WriteLine(node.Log.ToString());
        Assert.InRange(node.Log.Lines.Count, 1, 40);
    }

    private static int Refusals(FleetSite.Node node) => node.Log.Lines.Count(line => line.StartsWith("Warning 6003", StringComparison.Ordinal)
        || line.Contains("TcpServerHandler", StringComparison.Ordinal));

    private static async Task NoCertificateAsync(FleetAddress address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Ip!, address.Port);
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        using var limit = new CancellationTokenSource(FleetSite.Step);
        var end = await Record.ExceptionAsync(async () =>
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, limit.Token);
            await tls.WriteAsync(new byte[100], limit.Token);
            if (await tls.ReadAsync(new byte[1], limit.Token) == 0) throw new EndOfStreamException();
        });
        Assert.True(end is IOException or System.Security.Authentication.AuthenticationException, $"{end}");
    }

    private sealed class Intruder : UntypedActor
    {
        public static int Built;

        public Intruder() => Interlocked.Increment(ref Built);

        protected override void OnReceive(object message)
        {
        }
    }

    /// <summary>Counts how often a reader makes it.</summary>
    public sealed class Bomb
    {
        public string Fuse
        {
            get => "lit";
            set => Interlocked.Increment(ref Intruder.Built);
        }

        public static Bomb Make() => new();
    }

    /// <summary>As <see cref="Bomb"/>, by the constructor that Akka calls for an exception of whatever type is named.</summary>
    public sealed class BombException : Exception
    {
        private BombException(string text) : base(text)
        {
        }

#pragma warning disable SYSLIB0051 // the constructor that is the danger
        private BombException(SerializationInfo info, StreamingContext context) : base(info, context) =>
            Interlocked.Increment(ref Intruder.Built);
#pragma warning restore SYSLIB0051

        public static BombException Make() => new("lit");
    }
}

/// <summary>Tests with sockets and many threads: one after the other.</summary>
[CollectionDefinition(nameof(Network))]
public sealed class Network;
