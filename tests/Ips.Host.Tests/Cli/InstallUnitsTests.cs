using System.CommandLine;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

/// <summary>Where a program may lie that <c>ips install-units</c> writes a unit for.</summary>
public sealed class InstallUnitsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-units-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("/root/ips/ips", "/root/ips/ips", "ProtectHome=yes hides /root")]
    [InlineData("/home/a/ips/ips", "/home/a/ips/ips", "ProtectHome=yes hides /home")]
    [InlineData("/run/user/1000/ips", "/run/user/1000/ips", "ProtectHome=yes hides /run/user")]
    [InlineData("/tmp/ips", "/tmp/ips", "PrivateTmp=yes hides /tmp")]
    [InlineData("/var/tmp/ips/ips", "/var/tmp/ips/ips", "PrivateTmp=yes hides /var/tmp")]
    [InlineData("/usr/local/bin/ips", "/home/a/ips/ips",
        "The program is /usr/local/bin/ips, which is /home/a/ips/ips, and the unit's own ProtectHome=yes hides /home")]
    [InlineData("/opt/ips/current/ips", "/opt/ips/releases/1/ips", null)]
    [InlineData("/rooted/ips", "/rooted/ips", null)]
    public void Program_HiddenByItsOwnUnit_IsRefused(string path, string target, string? fault)
    {
        var unit = UnitFiles.For(new("/opt/ips", [])).First().Text;
        var found = UnitFiles.HidingFault(unit, [path], _ => target);
        if (fault is null) Assert.Null(found);
        else Assert.Contains(fault, found, StringComparison.Ordinal);
        Assert.Null(UnitFiles.HidingFault("[Service]\n", [path], _ => target)); // by what the unit says, not by rote
    }

    [Fact]
    public void Units_OfThePackage_AreAllWrittenAndRunTheProgram()
    {
        var files = UnitFiles.For(new("/opt/my ips/ips", [])).ToList();
        Assert.Equal(["ips.service", "ips.socket", "ips-agent.service", "ips.conf", "ips.logrotate"],
            files.Select(file => Path.GetFileName(file.Path)));
        Assert.Contains("ExecStart=\"/opt/my ips/ips\" agent --config /etc/ips/agent.conf\n", files[2].Text, StringComparison.Ordinal);
        Assert.All(files, file => Assert.DoesNotContain("@IPS@", file.Text, StringComparison.Ordinal));
    }

    // What hides the program from one service hides it from the other.
    [Fact]
    public void Units_OfDaemonAndAgent_AreHardenedAlike()
    {
        var units = UnitFiles.For(new("/opt/ips", [])).Where(file => file.Path.EndsWith(".service", StringComparison.Ordinal)).ToList();
        string[][] hardening = [.. units.Select(unit => unit.Text[unit.Text.IndexOf("# Hardening", StringComparison.Ordinal)..].Split('\n')
            .Where(line => line.Contains('=', StringComparison.Ordinal) && !line.StartsWith('#')).Order().ToArray())];
        Assert.Equal(2, hardening.Length);
        Assert.Equal(hardening[0], hardening[1]);
    }

    [Fact]
    public async Task Install_FromAFolderThatTheUnitHides_WritesNothingAndSaysWhereTo()
    {
        using StringWriter output = new(), error = new();
        var root = new RootCommand { new InstallUnitsAction(new CliConsole(output, error, _folder, TimeProvider.System), () =>
            new($"/tmp/{Guid.NewGuid():N}/ips", [])).Verb() };
        Assert.Equal(CliExitCode.Failed, await CliParser.InvokeAsync(root, ["install-units", "--prefix", _folder], output, error));
        Assert.Contains("put the release below /opt", error.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }
}
