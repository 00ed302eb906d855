using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A test of real processes: shows their logs, and leaves none behind.</summary>
public abstract class ProcessTest(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly List<Service> _services = [];

    static ProcessTest() => SignalDispositions.HandOnDefaults();

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;

    /// <summary>The test's own folder.</summary>
    protected string Folder => _folder;

    /// <summary>Shown if the test fails.</summary>
    protected ITestOutputHelper Output => output;

    /// <inheritdoc/>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        foreach (var service in _services)
        {
            output.WriteLine(service.Describe());
            await service.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A service in a folder of its own, not started yet.</summary>
    private protected Service Prepare(ServiceSettings settings)
    {
        var service = new Service(settings, Directory.CreateDirectory(Path.Combine(_folder, $"service{_services.Count}")).FullName);
        _services.Add(service);
        return service;
    }

    /// <summary>A service that serves.</summary>
    private protected async Task<Service> StartAsync(ServiceSettings settings)
    {
        var service = Prepare(settings);
        await service.StartAsync();
        return service;
    }
}
