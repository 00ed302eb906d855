using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A reload reads certificates again; one that cannot be used never takes over.</summary>
public sealed class CertificateTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reload_CertificateChanged_IsServedFromThenOn(bool daemon)
    {
        var (port, link) = (FreePort.Next(), Path.Combine(Folder, "site.pfx"));
        var (first, second) = (await WriteAsync("1.pfx"), await WriteAsync("2.pfx"));
        Point(link, "1.pfx");
        var service = await StartAsync(daemon, port, link);
        Assert.Equal(first, await HttpProbe.ThumbprintAsync(port));

        Point(link, "2.pfx"); // the link's own path, and the first file, stay as they are
        await service.ReloadAsync();
        Assert.Equal(second, await HttpProbe.ThumbprintAsync(port));
    }

    [Fact]
    public async Task Reload_CertificateBroken_IsRefusedAndTheOldOneGoesOn()
    {
        var (port, link) = (FreePort.Next(), Path.Combine(Folder, "site.pfx"));
        var first = await WriteAsync("1.pfx");
        var second = await WriteAsync("2.pfx");
        await File.WriteAllTextAsync(Path.Combine(Folder, "broken.pfx"), "not a certificate");
        Point(link, "1.pfx");
        var service = await StartAsync(daemon: true, port, link);

        foreach (var bad in new[] { "broken.pfx", "missing.pfx" })
        {
            Point(link, bad);
            var mark = service.Log.Mark;
            var outcome = await service.TryReloadAsync();
            Assert.Equal(EventIds.ReloadFailed, outcome.Id);
            Assert.Contains(service.Log.Events.Skip(mark), e =>
                e.Text.StartsWith("ips: A certificate of ips.kestrel cannot be used: ", StringComparison.Ordinal)
                    && e.Text.Contains(link, StringComparison.Ordinal));
            Assert.Equal(first, await HttpProbe.ThumbprintAsync(port));
        }

        Point(link, "2.pfx");
        await service.ReloadAsync();
        Assert.Equal(second, await HttpProbe.ThumbprintAsync(port));
    }

    // Kestrel watches the file, and binds the endpoint again when it has changed: on the same socket, or clients would be refused
    // meanwhile.
    [Fact]
    public async Task CertificateChangedWhileRunning_IsServedAndRefusesNobody()
    {
        var (port, file) = (FreePort.Next(), Path.Combine(Folder, "site.pfx"));
        var first = await WriteAsync("site.pfx");
        var service = await StartAsync(daemon: false, port, file);
        Assert.Equal(first, await HttpProbe.ThumbprintAsync(port));
        var socket = TcpSockets.Listener(port);
        Assert.NotNull(socket);

        var second = await WriteAsync("next.pfx");
        File.Move(Path.Combine(Folder, "next.pfx"), file, overwrite: true);
        await Eventually.TrueAsync(async () => await HttpProbe.ThumbprintAsync(port) == second); // a refused client would end this
        Assert.Equal(socket, TcpSockets.Listener(port));
        await service.ReloadAsync();
        Assert.Equal(second, await HttpProbe.ThumbprintAsync(port));
    }

    private Task<Service> StartAsync(bool daemon, int port, string pfx) =>
        StartAsync(new ServiceSettings(daemon ? ServiceKind.Daemon : ServiceKind.SampleApp)
        {
            Urls = [],
            More = daemon
            ? [$$"""ips.kestrel.Endpoints.Public { Url = "https://127.0.0.1:{{port}}", """
                + $$"""Certificate { Path = "{{pfx}}", Password = "{{TestCertificate.Password}}" } }"""]
            : [$"--Kestrel:Endpoints:A:Url=https://127.0.0.1:{port}", $"--Kestrel:Endpoints:A:Certificate:Path={pfx}",
                $"--Kestrel:Endpoints:A:Certificate:Password={TestCertificate.Password}"],
        });

    private async Task<string> WriteAsync(string name)
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, name), TestCertificate.MakePfx(out var thumbprint));
        return thumbprint;
    }

    // As a deployment does it: a new link, renamed over the old one.
    private static void Point(string link, string target)
    {
        File.CreateSymbolicLink($"{link}.new", target);
        File.Move($"{link}.new", link, overwrite: true);
    }
}
