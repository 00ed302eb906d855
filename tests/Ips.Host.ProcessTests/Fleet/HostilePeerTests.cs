using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ips.Fleet.Security;
using Ips.Host.Fleet;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>Who does not belong to a fleet has no effect on a real agent.</summary>
[Trait("issue", "19")]
public sealed class HostilePeerTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static readonly string[] Usages = [FleetCertificates.ServerUsage, FleetCertificates.ClientUsage];

    [Fact]
    public async Task ExpiredCertificate_DoesNotStart_AndSaysWhy()
    {
        var (folder, address) = await InitAsync("a");
        Certify(folder, address, DateTimeOffset.UtcNow.AddMinutes(-10));
        var started = await IpsCommand.RunAsync("agent", "--config", Path.Combine(folder, "agent.conf"));
        Output.WriteLine(started.ToString());
        Assert.Equal(1, started.ExitCode);
        Assert.Contains("web-1.crt would be refused by other agents", started.ToString(), StringComparison.Ordinal);
        Assert.Contains("NotTimeValid", started.ToString(), StringComparison.Ordinal);
        Assert.Contains("'ips agent add'", started.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CertificateThatEnds_EndsTheAgent()
    {
        var (folder, address) = await InitAsync("a");
        Certify(folder, address, DateTimeOffset.UtcNow.AddSeconds(15));
        await using var agent = DaemonProcess.Start(Binaries.IpsPath, ["agent", "--config", Path.Combine(folder, "agent.conf")]);
        await agent.WaitForLineAsync(line => line.Contains("operators ask on", StringComparison.Ordinal), Limits.Step);
        Assert.Equal(1, await agent.WaitForExitAsync(Limits.Step));
        Assert.Contains(agent.Lines, line => line.Text.Contains("has ended, and so does the agent", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(folder, "agent.sock")));
    }

    [Fact]
    public async Task StrangerOfAnotherCa_HasNoEffect_AndFewLines()
    {
        var (folder, address) = await InitAsync("a");
        var (strangers, _) = await InitAsync("b");
        var config = Path.Combine(strangers, "agent.conf");
        var text = await File.ReadAllTextAsync(config);
        var seeds = text.Split('\n').Single(line => line.Contains("seeds = ", StringComparison.Ordinal));
        await File.WriteAllTextAsync(config, text.Replace(seeds, $"  seeds = [\"{address}\"]", StringComparison.Ordinal));

        await using var agent = DaemonProcess.Start(Binaries.IpsPath, ["agent", "--config", Path.Combine(folder, "agent.conf")]);
        using var client = new FleetClient(Path.Combine(folder, "agent.sock"));
        await Eventually.TrueAsync(async () => await SeenAsync(client) == "web-1", "the only agent of the fleet");
        var mark = agent.LineCount;
        await using var stranger = DaemonProcess.Start(Binaries.IpsPath, ["agent", "--config", config]);
        await agent.WaitForLineAsync(line => line.Contains("Refused peer", StringComparison.Ordinal), Limits.Step, mark);
        using var certificate = FleetCertificates.Load(Path.Combine(strangers, "web-1.crt"), Path.Combine(strangers, "web-1.key"));
        // TLS 1.2: who is refused learns it in the handshake, or by the end of the connection.
        for (var i = 0; i < 40; i++) Assert.True(await IsRefusedAsync(address, certificate));

        Assert.Equal("web-1", await SeenAsync(client));
        var lines = agent.Lines.Skip(mark).Select(line => line.Text).ToList();
        Output.WriteLine($"{lines.Count} lines for 40 connections and an agent:\n{string.Join('\n', lines)}");
        Assert.InRange(lines.Count, 1, 40);
        Assert.DoesNotContain(agent.Lines, line => line.Text.Contains("   at ", StringComparison.Ordinal));
    }

    private async Task<(string Folder, FleetAddress Address)> InitAsync(string name)
    {
        var folder = Path.Combine(Folder, name);
        var address = $"127.0.0.{(name == "a" ? 31 : 32)}:{FreePort.Next()}";
        var made = await IpsCommand.RunAsync("agent", "init", "web-1", address, "--fleet", $"web={Path.Combine(Folder, "none.pid")}",
            "--into", folder);
        Assert.True(made.ExitCode == 0, made.ToString());
        return (folder, FleetAddress.Parse(address, out _)!);
    }

    // Instead of the one that the wizard made.
    private static void Certify(string folder, FleetAddress address, DateTimeOffset until)
    {
        var authority = Path.Combine(folder, AgentWizard.AuthorityFolder);
        using var ca = FleetCertificates.Load(Path.Combine(authority, AgentWizard.AuthorityFile),
            Path.Combine(authority, AgentWizard.AuthorityKey));
        using var own = FleetCertificates.Issue(ca, "web-1", address, ca.NotBefore, until, Usages);
        foreach (var file in new[] { "web-1.crt", "web-1.key" }) File.Delete(Path.Combine(folder, file));
        FleetCertificates.Save(own, Path.Combine(folder, "web-1.crt"), Path.Combine(folder, "web-1.key"));
    }

    private static async Task<string?> SeenAsync(FleetClient client)
    {
        try
        {
            return string.Join(", ", (await client.LookAsync("web", CancellationToken.None)).View.Nodes.Select(node => node.Node));
        }
        catch (Cli.CliException)
        {
            return null;
        }
    }

    private static async Task<bool> IsRefusedAsync(FleetAddress address, X509Certificate2 certificate)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port);
        await using var tls = new SslStream(socket.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = address.Host,
                ClientCertificates = [certificate],
#pragma warning disable CA5359 // the stranger does not mind whom it talks to
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            }).WaitAsync(Limits.Step);
            return await tls.ReadAsync(new byte[1]).AsTask().WaitAsync(Limits.Step) == 0;
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return true;
        }
    }
}
