using Ips.Host.ProcessTests.Harness;

namespace Ips.Host.ProcessTests;

/// <summary>One service under load, to which all bad successors are put in turn: what one of them leaves behind shows in the
/// next.</summary>
public sealed class BadSuccessorFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;
    internal FaultScene Scene { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        var releases = new Releases(_folder);
        var service = new Service(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp), KillTimeout = ServiceSettings.ShortestKillTimeout,
            ReadyTimeout = TimeSpan.FromSeconds(20), // a successor that is not healthy uses most of it
            More = ["--Ips:Warmup:Requests:0=/ping"],
        }, _folder);
        try
        {
            Scene = await FaultScene.StartAsync(service, releases);
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (Scene is not null)
        {
            await Scene.DisposeAsync();
            await Scene.Service.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
