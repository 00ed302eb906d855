using Ips.Host.Dashboard;

namespace Ips.Host.Tests.Dashboard;

/// <summary>Who may see the page: not whom a browser sends here by another name, from another site, or without the token.</summary>
[Trait("issue", "16")]
public sealed class DashboardGateTests
{
    private const int Port = 40123;
    private const string Token = "0123456789abcdef", Cookie = "fedcba9876543210", Place = "a1b2c3";

    private readonly DashboardGate _gate = new(Port, Token, Cookie, Place);

    private static GateRequest Entering => new("GET", "/", $"127.0.0.1:{Port}") { Token = Token };

    private static GateRequest Reading => new("GET", $"/{Place}/", $"127.0.0.1:{Port}") { Cookie = Cookie };

    private static GateRequest Ordering => new("POST", $"/{Place}/order", $"127.0.0.1:{Port}")
    {
        Cookie = Cookie, Origin = $"http://127.0.0.1:{Port}", FetchSite = "same-origin", ContentType = "application/json",
    };

    [Fact]
    public void Token_UsedTwice_EntersOnce()
    {
        Assert.Equal(GateAnswer.Enter, _gate.Decide(Entering).Answer);
        var again = _gate.Decide(Entering);
        Assert.Equal((GateAnswer.Refuse, 403), (again.Answer, again.Status));
        Assert.Contains("has been used", again.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Token_BroughtByManyAtOnce_EntersOnce()
    {
        var answers = new GateAnswer[64];
        Parallel.For(0, answers.Length, i => answers[i] = _gate.Decide(Entering).Answer);
        Assert.Single(answers, GateAnswer.Enter);
    }

    [Fact]
    public void Token_WrongOrFetchedAhead_IsNotUsedUp()
    {
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { Token = "" }).Answer);
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { Token = Token[..^1] }).Answer);
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { Token = Token + "0" }).Answer);
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { Token = Cookie }).Answer);
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { Method = "HEAD" }).Answer);
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { IsPrefetch = true }).Answer);
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Entering with { Host = "attacker.example" }).Answer);
        Assert.Equal(GateAnswer.Enter, _gate.Decide(Entering).Answer);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:80")]
    [InlineData("localhost")]
    [InlineData("attacker.example")]
    [InlineData("attacker.example:40123")]
    [InlineData("127.0.0.1.attacker.example:40123")]
    [InlineData("127.0.0.1:40123.attacker.example")]
    [InlineData("127.0.0.1:40123@attacker.example")]
    [InlineData("[::1]:40123")]
    [InlineData("0.0.0.0:40123")]
    [InlineData("127.1:40123")]
    public void Host_NotOurs_IsRefusedWhateverElseIsRight(string? host)
    {
        foreach (var request in (GateRequest[])[Entering, Reading, Ordering])
        {
            var decision = _gate.Decide(request with { Host = host, Origin = request.Origin is null ? null : $"http://{host}" });
            Assert.Equal((GateAnswer.Refuse, 403), (decision.Answer, decision.Status));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("fedcba987654321")]
    [InlineData("fedcba9876543211")]
    [InlineData(Token)]
    public void Cookie_MissingOrWrong_TellsNotEvenWhichPathsThereAre(string? cookie)
    {
        var known = _gate.Decide(Reading with { Cookie = cookie });
        Assert.Equal((GateAnswer.Refuse, 403), (known.Answer, known.Status));
        Assert.Equal(known, _gate.Decide(Reading with { Cookie = cookie, Path = "/elsewhere/" }));
        Assert.Equal(GateAnswer.Refuse, _gate.Decide(Ordering with { Cookie = cookie }).Answer);
    }

    [Fact]
    public void Page_AskedForByItsUserOrItself_IsAdmitted()
    {
        Assert.Equal(GateAnswer.Admit, _gate.Decide(Reading).Answer);
        Assert.Equal(GateAnswer.Admit, _gate.Decide(Reading with { FetchSite = "none" }).Answer);
        Assert.Equal(GateAnswer.Admit, _gate.Decide(Reading with { FetchSite = "same-origin", Path = $"/{Place}/events" }).Answer);
        Assert.Equal(GateAnswer.Admit, _gate.Decide(Reading with { Host = $"LOCALHOST:{Port}" }).Answer);
        Assert.Equal(404, _gate.Decide(Reading with { Path = "/" }).Status);
        Assert.Equal(405, _gate.Decide(Reading with { Method = "PUT" }).Status);
        Assert.Equal(GateAnswer.Admit, _gate.Decide(Ordering).Answer);
        Assert.Equal(GateAnswer.Admit, _gate.Decide(Ordering with { FetchSite = null }).Answer); // of an older browser
    }

    [Theory]
    [InlineData("http://attacker.example", null)]
    [InlineData("null", null)]
    [InlineData("", null)]
    [InlineData("http://127.0.0.1:80", null)]
    [InlineData("https://127.0.0.1:40123", null)]
    [InlineData("http://localhost:40123", null)] // not the one that it was asked by
    [InlineData(null, "cross-site")]
    [InlineData(null, "same-site")] // another port of 127.0.0.1
    [InlineData("http://127.0.0.1:40123", "cross-site")]
    [InlineData("http://127.0.0.1:40123", "same-site")]
    public void Origin_NotOurs_IsRefused(string? origin, string? site)
    {
        Assert.Equal(403, _gate.Decide(Reading with { Origin = origin, FetchSite = site }).Status);
        Assert.Equal(403, _gate.Decide(Ordering with { Origin = origin, FetchSite = site }).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public void Order_OfAForm_IsRefused(string? type)
    {
        Assert.Equal(403, _gate.Decide(Ordering with { ContentType = type }).Status);
        Assert.Equal(403, _gate.Decide(Ordering with { Origin = null }).Status);
        Assert.Equal(403, _gate.Decide(Ordering with { FetchSite = "none" }).Status);
    }

    [Fact]
    public void Secrets_OfTwoGates_DifferAndAreLong()
    {
        var (one, other) = (DashboardGate.Create(Port), DashboardGate.Create(Port));
        Assert.NotEqual(one.Address, other.Address);
        Assert.NotEqual(one.Folder, other.Folder);
        Assert.NotEqual(one.SetCookie, other.SetCookie);
        Assert.InRange(new Uri(one.Address).Query.Length, "?token=".Length + 64, 200);
        Assert.Contains($"; Path={one.Folder}; HttpOnly; SameSite=Strict", one.SetCookie, StringComparison.Ordinal);
    }
}
