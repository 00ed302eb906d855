using Ips.Actors.Diagnostics;

namespace Ips.Host.Cli;

/// <summary>What the verbs share: where they print, where they are, and the clock.</summary>
/// <param name="Output">What was asked for goes here: the PID, the receipt, the table.</param>
/// <param name="Error">Progress and errors go here.</param>
/// <param name="Directory">The logical current directory.</param>
/// <param name="Time">The clock.</param>
/// <remarks>Much of what a verb prints was said by a peer or read from a file. Both writers escape what would command a terminal, so that
/// no verb can forget it.</remarks>
internal sealed record CliConsole(TextWriter Output, TextWriter Error, string Directory, TimeProvider Time)
{
    /// <summary>What was asked for goes here: the PID, the receipt, the table.</summary>
    public TextWriter Output { get; } = TerminalText.Writer(Output);

    /// <summary>Progress and errors go here.</summary>
    public TextWriter Error { get; } = TerminalText.Writer(Error);

    /// <summary>Prints an error as <c>ips: message</c>.</summary>
    internal Task FailAsync(string message) => Error.WriteLineAsync($"ips: {message}");
}
