using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

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
    /// <param name="cancellation">Ends the verb.</param>
    /// <returns>The exit code, see <see cref="CliExitCode"/>.</returns>
    internal static async Task<int> InvokeAsync(RootCommand root, IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellation = default)
    {
        var parsed = root.Parse(args, Parsing);
        // Signals are the daemon's own business, and an exception of a verb must not become a mere stack trace and a 1.
        var invocation = new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        if (parsed.Errors.Count == 0 || parsed.Action is not ParseErrorAction)
        {
            try
            {
                return await parsed.InvokeAsync(invocation, cancellation);
            }
            catch (CliException e)
            {
                await error.WriteLineAsync($"ips: {e.Message}");
                return e.ExitCode;
            }
        }

        // For a mistyped verb the library says as well that none was given.
        var messages = parsed.CommandResult.Command == root && parsed.UnmatchedTokens is [var typo, ..]
            ? [$"'{typo}' is no command; these are: {string.Join(", ", root.Subcommands.Select(c => c.Name))}."]
            : parsed.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal);
        foreach (var message in messages) await error.WriteLineAsync($"ips: {message}");
        await error.WriteLineAsync($"Try 'ips {string.Concat(VerbsOf(parsed.CommandResult))}--help'.");
        return CliExitCode.Configuration;
    }

    // "key add " for ips key add.
    private static IEnumerable<string> VerbsOf(CommandResult result) =>
        result.Parent is CommandResult parent ? [.. VerbsOf(parent), $"{result.Command.Name} "] : [];
}
