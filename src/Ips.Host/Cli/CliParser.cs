using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;

namespace Ips.Host.Cli;

/// <summary>Parses a command line and carries it out; what cannot be parsed ends in exit code 2 and carries out nothing.</summary>
internal static class CliParser
{
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null }; // an argument may begin with @

    /// <summary>Parses, and either runs the verb, prints help or version, or prints the errors.</summary>
    /// <param name="root">The grammar.</param>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="output">Where help goes.</param>
    /// <param name="error">Where errors go.</param>
    /// <param name="interruption">Ends the verb; null for a verb that takes the signals itself.</param>
    /// <returns>The exit code, see <see cref="CliExitCode"/>.</returns>
    internal static async Task<int> InvokeAsync(
        RootCommand root, IReadOnlyList<string> args, TextWriter output, TextWriter error, Interruption? interruption = null)
    {
        // Verbs of other rooms, and the library, print what was typed or is in files.
        (output, error) = (TerminalText.Writer(output), TerminalText.Writer(error));
        var parsed = root.Parse(args, Parsing);
        // Signals are the daemon's own business, and an exception of a verb must not become a mere stack trace and a 1.
        var invocation = new InvocationConfiguration
        {
            Output = output, Error = error, ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false
        };
        if (parsed.Errors.Count == 0 || parsed.Action is not ParseErrorAction)
        {
            try
            {
                return interruption is null ? await parsed.InvokeAsync(invocation)
                    : await interruption.RunAsync(token => parsed.InvokeAsync(invocation, token));
            }
            catch (CliException e)
            {
                await error.WriteLineAsync($"ips: {e.Message}");
                return e.ExitCode;
            }
            catch (OperationCanceledException e) when (interruption is { Token.IsCancellationRequested: true })
            {
                await error.WriteLineAsync($"ips: interrupted{(e is CliInterruptedException ? $"; {e.Message}" : "")}.");
                return interruption.ExitCode;
            }
        }

        foreach (var message in Errors(parsed)) await error.WriteLineAsync($"ips: {message}");
        await error.WriteLineAsync($"Try 'ips {string.Concat(VerbsOf(parsed.CommandResult))}--help'.");
        return CliExitCode.Configuration;
    }

    // For a word that it does not know the library also says what is missing because of it.
    private static IEnumerable<string> Errors(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var names = command.Subcommands.Where(inner => !inner.Hidden).Select(inner => inner.Name).ToList();
        if (parsed.UnmatchedTokens is not [var unknown, ..])
        {
            return names.Count == 0 ? parsed.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal)
                : [$"{$"ips {string.Concat(VerbsOf(parsed.CommandResult))}".TrimEnd()} needs a command; these are: "
                    + $"{string.Join(", ", names)}."];
        }
        var shown = CliOptions.Shown(unknown);
        if (names.Count > 0 && !unknown.StartsWith('-'))
            return [$"'{shown}' is no command; {Meant(unknown, names) ?? $"these are: {string.Join(", ", names)}."}"];
        return unknown.StartsWith('-')
            ? [$"'{shown}' is no option of 'ips {string.Concat(VerbsOf(parsed.CommandResult))}".TrimEnd()
                + $"'{(Meant(unknown, CliOptions.VisibleOf(command).Select(option => option.Name)) is { } meant ? $"; {meant}" : ".")}"]
            : [$"'{shown}' is one argument too many."];
    }

    private static string? Meant(string unknown, IEnumerable<string> known) =>
        unknown.Length <= 64 && KeySuggestion.Nearest(unknown, known) is { } nearest ? $"did you mean {nearest}?" : null;

    // "key add " for ips key add.
    private static IEnumerable<string> VerbsOf(CommandResult result) =>
        result.Parent is CommandResult parent ? [.. VerbsOf(parent), $"{result.Command.Name} "] : [];
}
