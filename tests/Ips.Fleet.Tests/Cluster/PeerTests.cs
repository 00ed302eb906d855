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
        var unfit = new (string Name, X509Certificate2? Certificate, string Line)[]
        {
            ("foreign", FleetCertificates.Issue(foreign, "n1", at, now), "(n1): its certificate is not accepted: PartialChain"),
            ("expired", FleetCertificates.Issue(site.Authority, "n2", at, now.AddDays(-9), now.AddDays(-1),
                FleetCertificates.ServerUsage, FleetCertificates.ClientUsage), "NotTimeValid"),
            ("usage", site.Certificate(at, FleetCertificates.ServerUsage), "NotValidForUsage"),
            ("plain", null, "not an SSL/TLS record"),
        };
        foreach (var (name, certificate, line) in unfit)
        {
            node.Time.Ahead += RefusalLimiter.Window; // so that the lines of each enemy are shown
            var enemy = site.Enemy(FleetSite.Address(32), certificate);
            var target = enemy.ActorSelection(FleetConfiguration.Uri(address, certificate is not null) + FleetSystem.AgentPath);
            await FleetSite.UntilAsync(() => node.Log.Lines.Any(text => text.Contains(line, StringComparison.Ordinal)), line,
                () => target.Tell(new FleetMessage.Look(name), ActorRefs.NoSender));
            await enemy.Terminate().WaitAsync(FleetSite.Step);
        }

        node.Time.Ahead += RefusalLimiter.Window;
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
        var at = FleetSite.Address(35);
        site.Enemy(at, site.Certificate(FleetSite.Address(99)));
        var wrong = FleetSite.AgentOf(node.Fleet.System, at);
        await FleetSite.UntilAsync(() => node.Log.Lines.Any(line => line.Contains("is not for 127.0.0.35", StringComparison.Ordinal)),
            "the wrong name is refused", () => wrong.Tell(new FleetMessage.Look("x"), ActorRefs.NoSender));
    }

    [Fact]
    public async Task Member_CanNeitherDeployNorMakeObjects()
    {
        using var site = new FleetSite();
        var address = FleetSite.Address(37);
        var node = site.Start("n1", address);
        var at = FleetSite.Address(38);
        var member = site.Enemy(at, site.Certificate(at));
        var agent = FleetSite.AgentOf(member, address);
        Assert.Equal("n1", await FleetSite.AskAsync(agent, "first"));
        Assert.Equal(0, await AttackAsync(member, address, "n1"));
        agent.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        member.ActorSelection(FleetConfiguration.Uri(address, tls: true) + "/user/coordinator-proxy").Tell(
            new FleetMessage.Look("by a path that is not trusted"), ActorRefs.NoSender);
        Assert.Equal("n1", await FleetSite.AskAsync(agent, "last"));
        Assert.Equal(["first", "attacked", "last"], node.Heard.Distinct());
        output.WriteLine(node.Log.ToString());
        Assert.InRange(node.Log.Lines.Count, 1, 40);

        // The same against a system with Akka's own settings: the attack is one.
        var (control, controlAt) = (FleetSite.Address(39), FleetSite.Address(40));
        site.Enemy(control, site.Certificate(control));
        Assert.Equal(3, await AttackAsync(site.Enemy(controlAt, site.Certificate(controlAt)), control, "enemy"));
    }

    /// <returns>How many objects were made at the target.</returns>
    private static async Task<int> AttackAsync(ActorSystem member, FleetAddress address, string name)
    {
        Intruder.Built = 0;
        var agent = FleetSite.AgentOf(member, address);
        var remote = Address.Parse(FleetConfiguration.Uri(address, tls: true));
        member.ActorOf(Props.Create<Intruder>().WithDeploy(new Deploy(new RemoteScope(remote))), "intruder");
        agent.Tell(Bomb.Make(), ActorRefs.NoSender);
        agent.Tell(new Status.Failure(BombException.Make()), ActorRefs.NoSender);

        // What was sent before on the same connection has arrived when this is answered.
        Assert.Equal(name, await FleetSite.AskAsync(agent, "attacked"));
        if (name == "enemy") await FleetSite.UntilAsync(() => Volatile.Read(ref Intruder.Built) >= 3, "the actor starts by itself");
        return Volatile.Read(ref Intruder.Built);
    }

    private static async Task NoCertificateAsync(FleetAddress address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Ip!, address.Port);
        await using var tls = new SslStream(client.GetStream(), false, (_, shown, _, _) => shown is not null);
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
        private readonly string _fuse = "lit";

        public string Fuse
        {
            get => _fuse;
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
