using System.Net.Sockets;
using Ips.Fleet.Cluster;
using Ips.Fleet.Security;
using Ips.Host.Cli;
using Ips.Host.Fleet;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ips.Host.Tests.Fleet;

/// <summary>The agent's door for operators.</summary>
public sealed class AgentSocketTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-agent-").FullName;

    private string SocketPath => Path.Combine(_folder, "agent.sock");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact, Trait("issue", "19")]
    public async Task Socket_LeftByAnAgentThatWasKilled_IsReplaced()
    {
        using (var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            killed.Bind(new UnixDomainSocketEndPoint(SocketPath));
            killed.Listen(1);
            File.Move(SocketPath, SocketPath + ".kept"); // .NET removes the path that it has bound
        }

        File.Move(SocketPath + ".kept", SocketPath);
        await using (await StartAsync())
        {
            using var client = new FleetClient(SocketPath);
            var refused = await Assert.ThrowsAsync<CliException>(() => client.LookAsync("web", CancellationToken.None).WaitAsync(Limit));
            Assert.Contains("No coordinator has answered", refused.Message, StringComparison.Ordinal); // it has no cluster here
        }

        Assert.False(File.Exists(SocketPath));
    }

    [Fact, Trait("issue", "19")]
    public async Task Socket_OfAnAgentThatLives_IsLeftToItAndNamed()
    {
        await using var first = await StartAsync();
        var refused = await Assert.ThrowsAsync<CliException>(StartAsync);
        Assert.Equal(CliExitCode.Failed, refused.ExitCode);
        Assert.Contains(SocketPath, refused.Message, StringComparison.Ordinal);
        using var client = new FleetClient(SocketPath);
        var answer = await Assert.ThrowsAsync<CliException>(() => client.LookAsync("web", CancellationToken.None).WaitAsync(Limit));
        Assert.Contains("No coordinator has answered", answer.Message, StringComparison.Ordinal); // so the first one is still there
    }

    private Task<AgentSocket> StartAsync()
    {
        var address = new FleetAddress("127.0.0.1", 4701);
        return AgentSocket.StartAsync(new AgentOptions("a", address, [address], Path.Combine(_folder, "state"), SocketPath), () => null,
            NullLoggerFactory.Instance, CancellationToken.None).WaitAsync(Limit);
    }
}
