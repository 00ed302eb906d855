using Ips.Fleet.Cluster;
using Ips.Fleet.Security;

namespace Ips.Fleet.Tests.Cluster;

public sealed class AgentOptionsParserTests
{
    private const string Good = """
        ips.agent {
          name = web-1
          address = "10.0.0.11:4747"
          seeds = ["10.0.0.11:4747", "10.0.0.12:4747"]
          tls { ca = fleet-ca.crt, certificate = web-1.crt, key = /etc/ips/web-1.key }
          state = state
          socket = agent.sock
          fleets {
            web { pid-file = /run/web/web.pid, into = /srv/web }
            api { pid-file = run/api.pid }
          }
          down-after = 7s
          quorum = 2
        }
        """;

    [Fact]
    public void Text_OfTheDesign_IsRead()
    {
        var options = AgentOptionsParser.Parse(Good, "/etc/ips", out var problems);
        Assert.Empty(problems);
        Assert.Equal(("web-1", new FleetAddress("10.0.0.11", 4747), "/etc/ips/state", "/etc/ips/agent.sock"),
            (options!.Name, options.Address, options.State, options.Socket));
        Assert.Equal(new TlsFiles("/etc/ips/fleet-ca.crt", "/etc/ips/web-1.crt", "/etc/ips/web-1.key"), options.Tls);
        Assert.Equal([new FleetService("web", "/run/web/web.pid") { Into = "/srv/web" }, new FleetService("api", "/etc/ips/run/api.pid")],
            options.Fleets.OrderByDescending(service => service.Fleet));
        Assert.Equal((TimeSpan.FromSeconds(7), (int?)2, false), (options.DownAfter, options.Quorum, options.Witness));
    }

    [Fact]
    public void Problems_AreAllToldAtOnce_WithKeyAndValue()
    {
        Assert.Null(AgentOptionsParser.Parse("""
            ips.agent {
              name = "../x"
              address = "0.0.0.0:4747"
              seeds = ["10.0.0.11", "10.0.0.12:1"]
              fleets {
                agent { pid-file = /a }
                "a/b" { }
                web = 5
              }
              down-after = 30
              quorum = many
              witness = perhaps
              colour = red
            }
            """, "/etc/ips", out var problems));
        foreach (var part in new[]
        {
            "name is '../x'", "address is '0.0.0.0:4747'", "seeds is '10.0.0.11'", "ips.agent.tls is missing", "the name agent is reserved",
            "a/b: the fleet's name must", "a/b.pid-file is missing", "fleets.web is not a block",
            "down-after is '30'; it must be between 2s and 10m",
            "quorum is 'many'", "witness is 'perhaps'", "colour is not a known key",
        }) Assert.Contains(problems, problem => problem.Contains(part, StringComparison.Ordinal));
        Assert.Equal(12, problems.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ips.agent = 5")]
    [InlineData("ips.agent {")]
    [InlineData("}{")]
    [InlineData("ips.agent { name = ${nowhere} }")]
    [InlineData("ips.agent { seeds = { a = 1 }, name = [1], tls = 4, fleets = [], state = {} }")]
    public void Text_ThatIsNoConfiguration_IsAProblem(string text)
    {
        Assert.Null(AgentOptionsParser.Parse(text, "/etc/ips", out var problems));
        Assert.NotEmpty(problems);
    }

    [Theory]
    [InlineData("127.0.0.2:4747", "127.0.0.3:4747", true)]
    [InlineData("127.0.0.2:4747", "localhost:4747", true)]
    [InlineData("127.0.0.2:4747", "10.0.0.1:4747", false)]
    [InlineData("10.0.0.1:4747", "127.0.0.2:4747", false)]
    public void Tls_LeftOut_IsForLoopbackAlone(string own, string seed, bool possible)
    {
        var text = $$"""ips.agent { name = a, address = "{{own}}", seeds = ["{{seed}}"], witness = true }""";
        Assert.Equal(possible, AgentOptionsParser.Parse(text, "/", out _) is not null);
    }
}
