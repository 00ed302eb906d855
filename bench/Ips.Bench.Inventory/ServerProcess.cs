using System.Diagnostics;

namespace Ips.Bench.Inventory;

/// <summary>A server in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    /// <summary>Starts one and waits for its port.</summary>
    public static async Task<ServerProcess> StartAsync(string database)
    {
        var process = Process
            .Start(new ProcessStartInfo(Environment.ProcessPath!, Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal)
            ? [typeof(ServerProcess).Assembly.Location, "serve", database] : ["serve", database])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return new ServerProcess(process, int.Parse(line?.Split('=')[1]
            ?? throw new InvalidOperationException("The server ended before it served."), null));
    }

    /// <summary>Processor time that it has used so far: unlike requests a second, what a request costs of it hardly depends on what else
    /// runs on the machine.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (TimeoutException)
            {
                _process.Kill();
            }
        }
        _process.Dispose();
    }
}
