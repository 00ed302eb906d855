using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Whatever Kestrel was told to listen on is handed over.</summary>
public sealed class EndpointTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Reload_TlsAndUnixEndpoints_AreHandedOver()
    {
        using var certificate = MakeCertificate(out var pfx);
        var (tlsPort, socket, pfxFile) = (FreePort.Next(), Path.Combine(Folder, "app.sock"), Path.Combine(Folder, "site.pfx"));
        await File.WriteAllBytesAsync(pfxFile, pfx);
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [],
            More =
            [
                $$"""ips.kestrel.Endpoints.Public { Url = "https://127.0.0.1:{{tlsPort}}", """
                    + $$"""Certificate { Path = "{{pfxFile}}", Password = "secret" } }""",
                $$"""ips.kestrel.Endpoints.Local { Url = "http://unix:{{socket}}" }""",
            ],
        });
        var bound = InodeOf(socket);
        for (var generation = 1; generation <= 3; generation++)
        {
            if (generation > 1) await service.ReloadAsync();
            Assert.Equal(generation, (await HttpProbe.GetAsync($"https://127.0.0.1:{tlsPort}/ping", certificate)).Generation);
            Assert.Equal(generation, (await HttpProbe.GetUnixAsync(socket, "/ping")).Generation);
            Assert.Equal(bound, InodeOf(socket));
        }

        Assert.Equal(2, service.Log.Of(EventIds.Bound).Count); // by generation 1 alone
        await service.WaitForMainAloneAsync();
        Assert.Equal(bound, InodeOf(socket)); // the predecessors have ended, and left the path
        await service.StopAsync();
        Assert.Null(InodeOf(socket));
    }

    [Fact]
    public async Task Reload_PortZero_KeepsItsPort()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Urls = ["http://127.0.0.1:0"] });
        var url = Assert.Single((await service.StatusAsync()).Endpoints);
        Assert.NotEqual(0, new Uri(url).Port);
        for (var generation = 2; generation <= 3; generation++)
        {
            await service.ReloadAsync();
            Assert.Equal(url, Assert.Single((await service.StatusAsync()).Endpoints));
            Assert.Equal(generation, (await HttpProbe.GetAsync($"{url}/ping")).Generation);
        }
    }

    [Fact]
    public async Task Reload_LocalhostAndWildcard_HandOverAllSockets()
    {
        var (local, any) = (FreePort.Next(), FreePort.Next());
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Urls = [$"http://localhost:{local}", $"http://*:{any}"] });
        List<string> urls = [$"http://127.0.0.1:{local}/ping", $"http://127.0.0.1:{any}/ping"];
        if (System.Net.Sockets.Socket.OSSupportsIPv6 && await AnswersAsync($"http://[::1]:{any}/ping")) urls
            .AddRange([$"http://[::1]:{local}/ping", $"http://[::1]:{any}/ping"]);
        var sockets = service.Log.Of(EventIds.Bound).Count;

        for (var generation = 2; generation <= 3; generation++)
        {
            var mark = service.Log.Mark;
            await service.ReloadAsync();
            Assert.Equal($"{sockets}", Assert.Single(service.Log.Of(EventIds.SuccessorHello, mark))["Sockets"]);
            Assert.Equal(sockets, service.Log.Of(EventIds.Adopted, mark).Count);
            foreach (var url in urls) Assert.Equal(generation, (await HttpProbe.GetAsync(url)).Generation);
        }

        Assert.Equal(sockets, service.Log.Of(EventIds.Bound).Count);
        Assert.Empty(service.Log.Of(EventIds.OfferUnused));
    }

    // Kestrel opens and closes endpoints when its configuration changes; what it then has is what is handed over.
    [Fact]
    public async Task Reload_EndpointsChangedWhileRunning_AreHandedOver()
    {
        var (first, second) = (FreePort.Next(), FreePort.Next());
        var releases = new Releases(Folder);
        releases.AddBuild("app", Binaries.SampleAppFolder);
        releases.SwitchTo("app");
        releases.Configure("app", Endpoints(first));
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp),
            WorkingDirectory = releases.Current,
            Urls = [],
        });
        Assert.Equal(1, (await HttpProbe.GetAsync($"http://127.0.0.1:{first}/ping")).Generation);

        releases.Configure("app", Endpoints(first, second));
        await Eventually.TrueAsync(() => AnswersAsync($"http://127.0.0.1:{second}/ping"));
        await service.ReloadAsync();
        foreach (var port in new[] { first, second }) Assert
            .Equal(2, (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Generation);

        releases.Configure("app", Endpoints(second));
        await Eventually.TrueAsync(async () => !await AnswersAsync($"http://127.0.0.1:{first}/ping"));
        await service.ReloadAsync();
        Assert.Equal(3, (await HttpProbe.GetAsync($"http://127.0.0.1:{second}/ping")).Generation);
        Assert.False(await AnswersAsync($"http://127.0.0.1:{first}/ping"));
        Assert.Equal(2, service.Log.Of(EventIds.Bound).Count);
    }

    private static string Endpoints(params IEnumerable<int> ports)
    {
        var each = ports.Select(port => $$""" "P{{port}}": { "Url": "http://127.0.0.1:{{port}}" } """);
        return $$""" "Kestrel": { "Endpoints": { {{string.Join(", ", each)}} } } """;
    }

    private static async Task<bool> AnswersAsync(string url)
    {
        try
        {
            return (await HttpProbe.GetAsync(url)).Status == (int)HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false; // refused, or closed while it waited for somebody to bind the endpoint again
        }
    }

    private static string? InodeOf(string path) =>
        Syscall.lstat(path, out var stat) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{stat.st_dev}:{stat.st_ino}") : null;

    private static X509Certificate2 MakeCertificate(out byte[] pfx)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        pfx = certificate.Export(X509ContentType.Pfx, "secret");
        return X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert));
    }
}
