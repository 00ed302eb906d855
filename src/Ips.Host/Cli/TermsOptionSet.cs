using System.CommandLine;

namespace Ips.Host.Cli;

/// <summary>The options by which an operator sets terms for a reload.</summary>
/// <param name="otherwise">What the verb does without <c>--no-queue</c> if a reload is in progress.</param>
internal sealed class TermsOptionSet(string otherwise)
{
    private readonly Option<bool> _noQueue = new("--no-queue")
    {
        Description = $"Fail if another reload is in progress. Default: {otherwise}.",
    };

    private readonly Option<bool> _acceptStore = new("--accept-store")
    {
        Description = "Let the release open a different store: a restored backup, or a move to PostgreSQL.",
    };

    private readonly Option<string[]> _ignoreChecks = new("--ignore-check")
    {
        Description = "Ignore this health check, such as store, when judging the release. Repeatable.",
        HelpName = "NAME",
    };

    /// <summary>Puts the options on a verb.</summary>
    internal void AddTo(Command command)
    {
        command.Add(_noQueue);
        command.Add(_acceptStore);
        command.Add(_ignoreChecks);
    }

    /// <summary>What was typed.</summary>
    internal OperatorTerms Read(ParseResult result) => new(result.GetValue(_noQueue), result.GetValue(_acceptStore))
    {
        IgnoreChecks = result.GetValue(_ignoreChecks) is { Length: > 0 } names ? names : [],
    };
}
