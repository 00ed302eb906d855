using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>How a command ended, and what it printed.</summary>
internal sealed record CommandResult(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)
{
    /// <summary>Everything that it printed, for a test's message.</summary>
    public override string ToString() => $"exit code {ExitCode}: {string.Join(Environment.NewLine, [.. Output, .. Errors])}";
}

/// <summary>Runs the command <c>ips</c> to its end.</summary>
internal static class IpsCommand
{
    public static Task<CommandResult> RunAsync(params IReadOnlyList<string> arguments) => RunAsync(null, null, arguments);

    /// <param name="processes">Marks the process and those that it starts.</param>
    /// <param name="directory">Where it runs.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Task<CommandResult> RunAsync(MarkedProcesses? processes, string? directory, params IReadOnlyList<string> arguments) =>
        RunProgramAsync(processes, directory, Binaries.IpsPath, arguments);

    /// <summary>The same for any program.</summary>
    public static async Task<CommandResult> RunProgramAsync(MarkedProcesses? processes, string? directory, string program,
        params IReadOnlyList<string> arguments)
    {
        var environment = new Dictionary<string, string?>(processes?.Environment ?? new Dictionary<string, string?>());
        if (directory is not null) environment["PWD"] = directory;
        await using var process = DaemonProcess.Start(program, arguments, environment, directory);
        var code = await process.WaitForExitAsync(Limits.Step);
        await process.WaitForOutputEndAsync(Limits.Step); // a daemon that it started must not hold on to its caller's pipe
        return new CommandResult(
            code, [.. process.Lines.Where(line => !line.IsError).Select(line => line.Text)],
                [.. process.Lines.Where(line => line.IsError).Select(line => line.Text)]);
    }
}
