using System.Diagnostics;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A client of the chain endpoint that others wrote: Debian's python3-websockets.</summary>
internal sealed class PythonChain : IAsyncDisposable
{
    private const string Python = "/usr/bin/python3";
    private readonly DaemonProcess _process;

    private PythonChain(DaemonProcess process) => _process = process;

    /// <summary>Why it cannot be started here; null if it can.</summary>
    public static string? WhyNot { get; } = Look();

    /// <summary>Starts it.</summary>
    public static PythonChain Start(string address) => new(
        DaemonProcess.Start(Python, [Path.Combine(AppContext.BaseDirectory, "Harness", "chain_client.py"), address]));

    /// <summary>Waits until it has moved so often.</summary>
    public Task WaitForMoveAsync(int moves) =>
        _process.WaitForLineAsync(line => line == $"moves {moves}", Limits.Step);

    /// <summary>Has it end after its current message.</summary>
    /// <returns>How many messages were answered, each as it should.</returns>
    public async Task<long> StopAsync()
    {
        Assert.True(_process.Signal(ProcessTable.SigTerm));
        var exit = await _process.WaitForExitAsync(Limits.Step);
        await _process.WaitForOutputEndAsync(Limits.Step);
        Assert.True(exit == 0, _process.OutputTail());
        return long.Parse(_process.Lines[^1].Text["ok ".Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string? Look()
    {
        const string advice = "There is no python3-websockets: apt-get install python3-websockets.";
        if (!File.Exists(Python)) return advice;
        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", "import websockets"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : advice;
    }
}

/// <summary>A test with it; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute() => Skip = PythonChain.WhyNot;
}
