using Ips.Fleet.Cluster;
using Ips.Fleet.Security;

namespace Ips.Fleet.Tests.Security;

public sealed class CertificateExpiryTests
{
    private static readonly DateTimeOffset End = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(15.0, null, "None", null)]
    [InlineData(14.0, null, "Warn", 14)]
    [InlineData(13.0, 14, "None", 14)]
    [InlineData(6.9, 14, "Warn", 7)]
    [InlineData(2.9, null, "Warn", 3)]
    [InlineData(2.9, 7, "Warn", 3)]
    [InlineData(0.5, 3, "Warn", 1)]
    [InlineData(0.4, 1, "None", 1)]
    [InlineData(0.0, 1, "End", 1)]
    [InlineData(-3.0, null, "End", null)]
    public void Certificate_ThatEndsIn_IsWarnedOfOnceALimit(double days, int? warned, string action, int? next) =>
        Assert.Equal((Enum.Parse<ExpiryAction>(action), next), CertificateExpiry.Judge(End, End - TimeSpan.FromDays(days), warned));

    [Fact]
    public void NextLook_FollowedToTheEnd_MeetsEachWarningOnce()
    {
        var (now, warned, actions) = (End.AddDays(-20), (int?)null, new List<string>());
        while (CertificateExpiry.NextLook(End, now) is var wait && wait > TimeSpan.Zero)
        {
            now += wait;
            (var action, warned) = CertificateExpiry.Judge(End, now, warned);
            actions.Add($"{action} {warned}");
        }

        Assert.Equal(["Warn 14", "Warn 7", "Warn 3", "Warn 1", "End 1"], actions);
    }
}

public sealed class RefusalLimiterTests
{
    [Fact]
    public void Lines_BeyondTheBurst_AreCountedAndToldOfInTheNextWindow()
    {
        var now = DateTimeOffset.UnixEpoch;
        var limiter = new RefusalLimiter(now, 0, 0);
        var shown = 0;
        for (var line = 0; line < 1000; line++)
        {
            (limiter, var shows, var told) = limiter.Take(now);
            if (shows) shown++;
            Assert.Equal(0, told);
        }

        Assert.Equal(RefusalLimiter.Burst, shown);
        (limiter, var again, var tell) = limiter.Take(now + RefusalLimiter.Window);
        Assert.Equal((true, 1000L - RefusalLimiter.Burst), (again, tell));
        Assert.Equal(0, limiter.Turn(now + RefusalLimiter.Window * 2).Tell);
    }

    [Fact]
    public void Clock_SetBack_HidesNothingForLong()
    {
        var limiter = new RefusalLimiter(DateTimeOffset.UnixEpoch.AddDays(1), RefusalLimiter.Burst, 3);
        Assert.Equal((true, 3L), limiter.Take(DateTimeOffset.UnixEpoch) is var (_, shows, tell) ? (shows, tell) : default);
    }
}

public sealed class FleetAddressTests
{
    [Theory]
    [InlineData("10.0.0.11:4747", "10.0.0.11:4747", false)]
    [InlineData("[::1]:4747", "[::1]:4747", true)]
    [InlineData("Web-1.Example:1", "web-1.example:1", false)]
    [InlineData("localhost:65535", "localhost:65535", true)]
    [InlineData("127.0.0.21:4747", "127.0.0.21:4747", true)]
    public void Address_ThatCanBeDialled_IsRead(string text, string read, bool loopback)
    {
        var address = FleetAddress.Parse(text, out _)!;
        Assert.Equal((read, loopback), (address.ToString(), address.IsLoopback));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("10.0.0.11")]
    [InlineData(":4747")]
    [InlineData("10.0.0.11:0")]
    [InlineData("10.0.0.11:65536")]
    [InlineData("10.0.0.11:+1")]
    [InlineData("10.1:4747")]
    [InlineData("010.0.0.1:4747")]
    [InlineData("::1:4747")]
    [InlineData("0.0.0.0:4747")]
    [InlineData("[::]:4747")]
    [InlineData("a b:1")]
    [InlineData("-a:1")]
    [InlineData("a\"b:1")]
    public void Address_ThatCannot_IsNot(string? text)
    {
        Assert.Null(FleetAddress.Parse(text, out var fault));
        Assert.NotNull(fault);
    }
}

public sealed class AgentWizardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-wizard-").FullName;

    private static readonly FleetAddress First = new("127.0.0.1", 4747), Second = new("10.0.0.12", 4747);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void InitAndAdd_MakeFilesThatAnAgentTakes()
    {
        var now = DateTimeOffset.UtcNow;
        var a = Path.Combine(_folder, "a");
        var said = AgentWizard.Init(a, new WizardNode("web-1", First, [], [("web", "/run/web/web.pid", "/srv/we\"b")]), now);
        Assert.Contains("ips agent --config", said, StringComparison.Ordinal);
        Assert.Contains("witness", said, StringComparison.Ordinal);
        var b = Path.Combine(_folder, "b");
        AgentWizard.Add(Path.Combine(a, "fleet-ca"), b, new WizardNode("wit-1", Second, [First], []), now);

        var one = Parse(a);
        Assert.Equal(new FleetService("web", "/run/web/web.pid") { Into = "/srv/we\"b" }, Assert.Single(one.Fleets));
        Assert.Equal([First], one.Seeds);
        var two = Parse(b);
        Assert.True(two.Witness);
        using var own = FleetCertificates.LoadIdentity(one.Tls!, one.Name, one.Address, now);
        using var other = FleetCertificates.LoadIdentity(two.Tls!, two.Name, two.Address, now);
        Assert.Equal(own.Authority.Thumbprint, other.Authority.Thumbprint);
        Assert.Equal("600", Mode(Path.Combine(a, "web-1.key")));
        Assert.Equal("600", Mode(Path.Combine(a, "fleet-ca", "fleet-ca.key")));
        Assert.Equal("644", Mode(Path.Combine(a, "web-1.crt")));
        Assert.False(Directory.Exists(Path.Combine(b, "fleet-ca")));
        Assert.InRange(own.NotAfter, now.AddDays(364), now.AddDays(366));
    }

    [Fact]
    public void Files_InTheWay_AreNotReplaced()
    {
        AgentWizard.Init(_folder, new WizardNode("web-1", First, [], []), DateTimeOffset.UtcNow);
        Assert.Contains("exists already", Assert.Throws<FleetFileException>(() => AgentWizard.Init(_folder,
            new WizardNode("web-1", First, [], []), DateTimeOffset.UtcNow)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Identity_ThatOthersWouldRefuse_IsRefusedAtTheStart()
    {
        var now = DateTimeOffset.UtcNow;
        AgentWizard.Init(_folder, new WizardNode("web-1", First, [], []), now);
        var files = Parse(_folder).Tls!;
        var foreign = Path.Combine(_folder, "x");
        AgentWizard.Init(foreign, new WizardNode("web-1", First, [], []), now);

        Fails("is not for 10.0.0.12", files, "web-1", Second, now);
        Fails("is that of node web-1", files, "web-2", First, now);
        Fails("NotTimeValid", files, "web-1", First, now.AddYears(2));
        Fails("fleet-ca.crt", files with { Ca = Path.Combine(foreign, "fleet-ca.crt") }, "web-1", First, now);
        Fails("is not the key of", files with { Key = Path.Combine(foreign, "web-1.key") }, "web-1", First, now);
        Fails("does not exist", files with { Key = Path.Combine(_folder, "none.key") }, "web-1", First, now);
        File.SetUnixFileMode(files.Key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Fails("chmod 600", files, "web-1", First, now);
        File.WriteAllText(files.Certificate, "rubbish");
        Fails("is not a certificate", files with { Key = Path.Combine(foreign, "web-1.key") }, "web-1", First, now);
    }

    private static void Fails(string part, TlsFiles files, string name, FleetAddress address, DateTimeOffset now)
    {
        var refused = Assert.Throws<FleetFileException>(() => FleetCertificates.LoadIdentity(files, name, address, now));
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    private static AgentOptions Parse(string folder)
    {
        var options = AgentOptionsParser.Parse(File.ReadAllText(Path.Combine(folder, "agent.conf")), folder, out var problems);
        Assert.Empty(problems);
        return options!;
    }

    private static string Mode(string file) => Convert.ToString((int)File.GetUnixFileMode(file), 8);
}
