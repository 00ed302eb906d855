using System.Globalization;
using System.Net;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.Tests.Auth;
using Ips.Host.Tests.Inventory;
using Npgsql;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>A signed request is accepted once: by two generations with different windows, by two daemons on one PostgreSQL, on any
/// machine's clock.</summary>
[Collection(PostgresCollection.Name)]
[Trait("issue", "11")]
public sealed class ReplayTests(PostgresServer postgres, ITestOutputHelper output) : ProcessTest(output)
{
    private const string Key = "WRITER";
    private static readonly TimeSpan Narrow = TimeSpan.FromSeconds(4), Wide = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("v2")]
    [InlineData("v2.1")]
    public async Task Reload_ToAWiderWindow_AcceptsNothingTwice(string scheme)
    {
        var service = Prepare(Settings(Narrow, null));
        var secret = await AddKeyAsync(service);
        await service.StartAsync();
        using var client = new HttpClient { Timeout = Limits.Step };
        var recorded = Put(service, secret, scheme);
        Assert.Equal(HttpStatusCode.OK, await recorded.SendAsync(client));
        await ForgetAsync(client, service, secret, recorded);

        File.WriteAllText(service.ConfigFile, File.ReadAllText(service.ConfigFile)
            .Replace(Window(Narrow), Window(Wide), StringComparison.Ordinal));
        await service.ReloadAsync();
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, await recorded.SendAsync(client));
        Assert.Equal(HttpStatusCode.OK, await Put(service, secret, scheme).SendAsync(client));
    }

    [PostgresFact]
    public async Task TwoDaemonsOnOnePostgres_WithDifferentWindows_AcceptNothingTwice()
    {
        var database = await postgres.CreateDatabaseAsync();
        var (narrow, wide) = (Prepare(Settings(Narrow, database)), Prepare(Settings(Wide, database)));
        var secret = await AddKeyAsync(narrow);
        await narrow.StartAsync();
        await wide.StartAsync();
        using var client = new HttpClient { Timeout = Limits.Step };
        var recorded = Put(wide, secret, "v2"); // v2 does not sign the host, so that the other daemon would take it too
        Assert.Equal(HttpStatusCode.OK, await recorded.SendAsync(client));
        Assert.Equal(HttpStatusCode.Unauthorized, await (recorded with { Port = narrow.Port }).SendAsync(client));
        await ForgetAsync(client, narrow, secret, recorded);
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var left = source.CreateCommand($"SELECT count(*) FROM ips_nonce WHERE nonce = '{recorded.Nonce}'"))
            Assert.Equal(0L, await left.ExecuteScalarAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, await recorded.SendAsync(client));
        Assert.Equal(HttpStatusCode.OK, await Put(wide, secret, "v2").SendAsync(client));
    }

    /// <summary>Sends a new request to a daemon once the nonce of a recorded one is so old there that it is forgotten.</summary>
    private static async Task ForgetAsync(HttpClient client, Service asked, string secret, Recorded recorded)
    {
        // Its window and two seconds more. The clock itself is what is waited for here.
        await Eventually.TrueAsync(() => DateTimeOffset.UtcNow.ToUnixTimeSeconds() >= recorded.Expires + (long)Narrow.TotalSeconds + 2,
            "an end of the window");
        Assert.Equal(HttpStatusCode.OK, await Put(asked, secret, "v2").SendAsync(client));
    }

    private static ServiceSettings Settings(TimeSpan window, string? database) => new(ServiceKind.Daemon)
    {
        More = [Window(window), .. database is null ? Array.Empty<string>() : [$"ips.store.postgres = \"{database}\""]],
    };

    private static string Window(TimeSpan window) => string.Create(CultureInfo.InvariantCulture,
        $"ips.auth.window = {window.TotalSeconds}s");

    private static async Task<string> AddKeyAsync(Service service)
    {
        var result = await IpsCommand.RunAsync(service.Processes, service.Folder,
            ["key", "add", Key, "--config", service.WriteConfigFile()]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return Assert.Single(result.Output);
    }

    /// <summary>A PUT that is signed once and may be sent often.</summary>
    private static Recorded Put(Service service, string secret, string scheme)
    {
        const string path = "/v1/object/host/H1";
        var (body, expires, nonce, host) = ("""{"ip":"10.0.0.1"}"""u8.ToArray(), DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
            Guid.NewGuid().ToString("N"), $"127.0.0.1:{service.Port}");
        var time = expires.ToString(CultureInfo.InvariantCulture);
        var text = scheme == "v2.1" ? TestSigner.Text21("PUT", path, host, null, null, body, time, Key, nonce)
            : TestSigner.Text(scheme, "PUT", path, [], body, time, Key, nonce);
        var version = scheme == "v2.1" ? "version=2.1, " : "";
        return new Recorded(service.Port, path, body, expires, nonce,
            $"IPS-HMAC-SHA256 {version}accesskey={Key}, expires={time}, nonce={nonce}, signature={TestSigner.Sign(scheme, secret, text)}");
    }

    private sealed record Recorded(int Port, string Path, byte[] Body, long Expires, string Nonce, string Authorization)
    {
        public async Task<HttpStatusCode> SendAsync(HttpClient client)
        {
            using var message = new HttpRequestMessage(HttpMethod.Put,
                $"http://127.0.0.1:{Port}{Path}")
            { Content = new ByteArrayContent(Body) };
            message.Content.Headers.ContentType = new("application/json");
            message.Headers.TryAddWithoutValidation("Authorization", Authorization);
            using var answer = await client.SendAsync(message);
            return answer.StatusCode;
        }
    }

    /// <summary>Skipped visibly where PostgreSQL's package is not installed.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class PostgresFactAttribute : FactAttribute
    {
        public PostgresFactAttribute()
        {
            if (PostgresServer.Binaries is null) Skip = "PostgreSQL is not installed (apt-get install postgresql).";
        }
    }
}
