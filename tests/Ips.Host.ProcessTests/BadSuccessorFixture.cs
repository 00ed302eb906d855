using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests;

/// <summary>One service under load, to which all bad successors are put in turn: what one of them leaves behind shows in the next.</summary>
public sealed class BadSuccessorFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;

    internal const string Good = "good";

    internal Service Service { get; private set; } = null!;

    internal Releases Releases { get; private set; } = null!;

    internal StrictLoad Load { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        Releases = new Releases(_folder);
        Releases.AddBuild(Good, Binaries.SampleAppFolder);
        Releases.SwitchTo(Good);
        Service = new Service(new ServiceSettings(ServiceKind.SampleApp) { Program = Path.Combine(Releases.Current, Binaries.SampleApp) }, _folder);
        await Service.StartAsync();
        Load = StrictLoad.Start(LightLoad(Service.Target));
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (Load is not null) await Load.DisposeAsync();
        await Service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Each kind of client, but few of them.</summary>
    internal static LoadOptions LightLoad(LoadTarget target) => new()
    {
        Target = target,
        OneShotWorkers = 2,
        BusyWorkers = 2,
        IdleWorkers = 8,
        StreamWorkers = 2,
        UploadWorkers = 1,
        OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        BusyThinkTime = TimeSpan.FromMilliseconds(10),
        Paths = new LoadPaths { Stream = "/stream?ms=1000&chunks=10" },
        UploadTime = TimeSpan.FromSeconds(1),
    };
}
