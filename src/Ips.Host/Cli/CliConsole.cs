namespace Ips.Host.Cli;

/// <summary>What the verbs share: where they print, where they are, and the clock.</summary>
/// <param name="Output">What was asked for goes here: the PID, the receipt, the table.</param>
/// <param name="Error">Progress and errors go here.</param>
/// <param name="Directory">The logical current directory.</param>
/// <param name="Time">The clock.</param>
internal sealed record CliConsole(TextWriter Output, TextWriter Error, string Directory, TimeProvider Time)
{
    /// <summary>Prints an error as <c>ips: message</c>.</summary>
    internal Task FailAsync(string message) => Error.WriteLineAsync($"ips: {message}");
}
