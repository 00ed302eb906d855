using Ips.Testing.Processes;

namespace Ips.Packages.Tests;

/// <summary>What a command said.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">All that it wrote.</param>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>Runs a command to its end.</summary>
internal static class Command
{
    /// <summary>For one command; a build on a busy machine takes its time.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <exception cref="TimeoutException">It still runs after <see cref="Limit"/>; it is killed.</exception>
    public static async Task<CommandResult> RunAsync(
        string file, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string?> environment)
    {
        await using var process = DaemonProcess.Start(file, arguments, environment, folder);
        var exitCode = await process.WaitForExitAsync(Limit);
        await process.WaitForOutputEndAsync(Limit);
        return new(exitCode, string.Join('\n', process.Lines.Select(line => line.Text)));
    }
}
