using System.Diagnostics;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>The command <c>ips</c>, and each byte that it printed: what a terminal would get.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">Stdout.</param>
/// <param name="Errors">Stderr.</param>
internal sealed record RawCommand(int ExitCode, byte[] Output, byte[] Errors)
{
    /// <summary>Runs it to its end.</summary>
    public static async Task<RawCommand> RunAsync(params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(Binaries.IpsPath, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Executable.Start(start);
        using var deadline = new CancellationTokenSource(Limits.Step);
        try
        {
            var output = ReadAsync(process.StandardOutput.BaseStream, deadline.Token);
            var errors = ReadAsync(process.StandardError.BaseStream, deadline.Token);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(deadline.Token));
            return new RawCommand(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken token)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, token);
        return all.ToArray();
    }
}
