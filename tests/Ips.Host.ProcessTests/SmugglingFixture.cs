using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz;

namespace Ips.Host.ProcessTests;

/// <summary>One service that is reloaded under the connections of each test in turn, and the journal of what its app was given.</summary>
public sealed class SmugglingFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;
    private readonly string _journal;

    /// <summary>Nothing is started yet.</summary>
    public SmugglingFixture() => _journal = Directory.CreateDirectory(Path.Combine(_folder, "journal")).FullName;

    internal Service Service { get; private set; } = null!;

    /// <summary>The ids of the requests that the app was given so far.</summary>
    internal IReadOnlyList<string> Journal => FuzzJournal.Read(_journal);

    /// <summary>Lets requests go on that wait for a word.</summary>
    internal void Release(string word) => FuzzJournal.Release(_journal, word);

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        Service = new Service(
            new ServiceSettings(ServiceKind.SampleApp)
            {
                Environment =
                new Dictionary<string, string?> { [FuzzJournal.Variable] = _journal }
            }, _folder);
        await Service.StartAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
