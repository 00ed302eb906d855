using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Testing.Reloads;

/// <summary>The app of a <see cref="ReloadTest"/> with all its generations, started through a link as a deployed one is.</summary>
internal sealed partial class TestedApp : IAsyncDisposable
{
    private readonly ReloadTestOptions _options;
    private readonly TempFolder _folder = new();
    private readonly MarkedProcesses _processes = new();
    private readonly List<PublishedProgram> _releases;
    private readonly string _link;
    private readonly string _pidFile;
    private DaemonProcess? _first;

    /// <exception cref="ArgumentException">The options name no published app.</exception>
    public TestedApp(ReloadTestOptions options)
    {
        _options = options;
        _releases = [.. ((IReadOnlyList<string>)[options.App, .. options.NextReleases])
            .Select(path => PublishedProgram.Find(path, AppContext.BaseDirectory))];
        if (_releases.FirstOrDefault(release => release.File != _releases[0].File) is { } other)
            throw new ArgumentException($"The releases have the programs {_releases[0].File} and {other.File}; they must have the same.");
        _link = _folder.PathOf("current");
        _pidFile = _folder.PathOf("app.pid");
        Url = options.Url ?? new($"http://127.0.0.1:{FreePort.Next()}");
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    public LoadTarget Target => Url.Scheme == "https" ? LoadTarget.LoopbackTls(Url.Port) : LoadTarget.Loopback(Url.Port);

    /// <summary>Starts the first release; returns when it serves.</summary>
    /// <exception cref="ReloadTestFault">It does not.</exception>
    public async Task StartAsync()
    {
        SwitchTo(_releases[0]);
        var program = Path.Combine(_link, _releases[0].File);
        var isAssembly = program.EndsWith(".dll", StringComparison.Ordinal);
        // The runtime that the test itself runs on.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var environment = new Dictionary<string, string?>(_processes.Environment)
        {
            ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? dotnet,
            ["Ips__PidFile"] = _pidFile,
            ["Ips__GenerationHeader"] = "true",
            ["PWD"] = _link, // as a shell sets it: with the link that leads there
        };
        if (_options.Url is null) environment["ASPNETCORE_URLS"] = $"{Url}";
        foreach (var (name, value) in _options.Environment) environment[name] = value;
        _first = DaemonProcess.Start(isAssembly ? Path.Combine(dotnet, "dotnet") : program,
            isAssembly ? [program, .. _options.Arguments] : _options.Arguments, environment, _link);

        using var limit = new CancellationTokenSource(_options.Timeout);
        while (!File.Exists($"{_pidFile}.sock") || MainPid is null)
        {
            if (!ProcessTable.IsAlive(_first.Pid))
            {
                // Its last lines may still be on their way; a process that it left behind may hold the output for longer.
                await Task.WhenAny(_first.WaitForOutputEndAsync(TimeSpan.FromSeconds(5)));
                throw new ReloadTestFault("The app ended before it served.");
            }

            if (limit.IsCancellationRequested)
                throw new ReloadTestFault($"The app wrote no PID file within {_options.Timeout.TotalSeconds:0.#} s. It must call AddIps(), "
                    + "read its configuration from the environment, and not set PidFile in code.");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Puts the next release in place, and reloads.</summary>
    /// <param name="number">The how many-th reload it is, from 1.</param>
    /// <exception cref="ReloadTestFault">The successor did not become the main process.</exception>
    public async Task ReloadAsync(int number)
    {
        SwitchTo(_releases[number % _releases.Count]);
        using var limit = new CancellationTokenSource(_options.Timeout);
        try
        {
            await ControlSocket.ReloadAsync($"{_pidFile}.sock", limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new ReloadTestFault($"Reload {number} had no outcome within {_options.Timeout.TotalSeconds:0.#} s.");
        }
        catch (Exception e) when (e is ReloadTestFault or SocketException or IOException)
        {
            throw new ReloadTestFault($"Reload {number} failed: {e.Message}");
        }
    }

    /// <summary>Stops it by SIGTERM; returns when no process of it is left.</summary>
    /// <exception cref="ReloadTestFault">It was gone already, or did not end, or its first generation cut requests.</exception>
    public async Task StopAsync()
    {
        if (MainPid is not { } pid || !ProcessTable.Signal(pid, ProcessTable.SigTerm))
            throw new ReloadTestFault("The app ended before it was stopped.");
        await _processes.WaitForOnlyAsync();
        if (await _first!.WaitForExitAsync(_options.Timeout) is var code and not 0)
            throw new ReloadTestFault($"The first generation ended with exit code {code} instead of 0.");
    }

    /// <summary>Its last lines.</summary>
    public string OutputTail() => _first?.OutputTail() ?? "(it was not started)";

    /// <summary>Kills all its processes, and only them.</summary>
    public void Kill()
    {
        foreach (var pid in _processes.Alive()) ProcessTable.Signal(pid, ProcessTable.SigKill);
    }

    public async ValueTask DisposeAsync()
    {
        await _processes.KillAllAsync();
        if (_first is not null) await _first.DisposeAsync();
        _folder.Dispose();
    }

    // The process that the PID file names; null while there is no whole file.
    private int? MainPid => File.Exists(_pidFile)
        && int.TryParse(File.ReadAllText(_pidFile), NumberStyles.Integer, CultureInfo.InvariantCulture, out var pid) ? pid : null;

    // By a rename, so that there is always a release. .NET's own moves no link to a folder.
    private void SwitchTo(PublishedProgram release)
    {
        var next = $"{_link}.next";
        File.CreateSymbolicLink(next, release.Folder);
        if (Rename(next, _link) != 0) throw new IOException($"rename({next}, {_link}): {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);
}
