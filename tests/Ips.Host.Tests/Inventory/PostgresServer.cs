using System.Diagnostics;
using Ips.Testing.Processes;
using Npgsql;

namespace Ips.Host.Tests.Inventory;

/// <summary>A real PostgreSQL server of Debian's package in a temporary folder, on loopback. Started by the first test that needs
/// it.</summary>
public sealed class PostgresServer : IAsyncLifetime, IDisposable
{
    private static readonly string[] Roots = ["/usr/lib/postgresql"];
    private readonly SemaphoreSlim _starting = new(1, 1);
    private string? _folder;
    private int _port;
    private int _databases;

    /// <summary>Folder of initdb and pg_ctl of the newest version; null if the package is not installed.</summary>
    public static string? Binaries { get; } = Roots.Where(Directory.Exists).SelectMany(Directory.GetDirectories)
        .Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb")))
            .Order(StringComparer.Ordinal).LastOrDefault();

    /// <summary>The connection string of a new, empty database.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await StartAsync();
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await using var source = NpgsqlDataSource.Create(ConnectionString("postgres"));
        await using var command = source.CreateCommand($"CREATE DATABASE {name}");
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    /// <summary>Further options of the server, such as <c>-c max_connections=10</c>. Set before it is first used.</summary>
    public string Options { get; set; } = "";

    /// <summary>Stops it, as <c>pg_ctl stop -m</c> does.</summary>
    public Task StopAsync(string mode) => RunAsync(Path.Combine(Binaries!, "pg_ctl"), "stop", "-D", Data, "-m", mode, "-w");

    /// <summary>Starts it again.</summary>
    public Task StartAgainAsync() => LaunchAsync(_port);

    /// <summary>Its processes, the first of all ahead.</summary>
    public IReadOnlyList<int> Processes
    {
        get
        {
            var main = int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(),
                System.Globalization.CultureInfo.InvariantCulture);
            return [main, .. ProcessTable.ChildrenOf(main)];
        }
    }

    /// <summary>Sends a signal to each of its processes, ahead of all to the one that starts the others: one that it starts meanwhile would
    /// be missed.</summary>
    public void Signal(int signal)
    {
        ProcessTable.Signal(Processes[0], signal);
        foreach (var pid in Processes.Skip(1)) ProcessTable.Signal(pid, signal);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_folder is null) return;
        await RunAsync(Path.Combine(Binaries!, "pg_ctl"), "stop", "-D", Data, "-m", "immediate", "-w");
        Directory.Delete(_folder, recursive: true);
    }

    public void Dispose() => _starting.Dispose();

    private async Task StartAsync()
    {
        await _starting.WaitAsync(TimeSpan.FromMinutes(2));
        try
        {
            if (_port != 0) return;
            // Not below the test's own temporary folder, which root may have closed to others.
            _folder = Path.Combine("/tmp", $"ips-postgres-{Guid.NewGuid():N}");
            Directory.CreateDirectory(_folder);
            if (Environment.UserName == "root") await ExecuteAsync("chown", "postgres", _folder);
            await RunAsync(Path.Combine(Binaries!, "initdb"), "-D", Data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8",
                "--locale=C");
            var port = FreePort.Next();
            await LaunchAsync(port);
            _port = port;
        }
        finally
        {
            _starting.Release();
        }
    }

    private string Data => Path.Combine(_folder!, "data");

    private Task LaunchAsync(int port) => RunAsync(Path.Combine(Binaries!, "pg_ctl"), "start", "-D", Data, "-w", "-t", "60", "-l",
        Path.Combine(_folder!, "log"),
        "-o", $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off {Options}");

    private string ConnectionString(string database) => $"Host=127.0.0.1;Port={_port};Username=postgres;Database={database};Pooling=true";

    // PostgreSQL refuses to run as root.
    private static Task RunAsync(string program, params string[] arguments) => Environment.UserName == "root"
        ? ExecuteAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", program, .. arguments])
        : ExecuteAsync(program, arguments);

    private static async Task ExecuteAsync(string program, params string[] arguments)
    {
        // Output goes to the test's own: pg_ctl's server would keep a pipe open.
        using var process = Executable.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" });
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}
