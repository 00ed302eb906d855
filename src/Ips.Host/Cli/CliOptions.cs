using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;

namespace Ips.Host.Cli;

/// <summary>The kinds of options, each with one error for any bad value: what it is, what it must be.</summary>
internal static class CliOptions
{
    private const int MostShown = 60;

    /// <summary>A typed value as an error shows it: in one line, and not all of a long one.</summary>
    internal static string Shown(string value) => TerminalText.Line(value.Length <= MostShown ? value : $"{value[..MostShown]}…");

    /// <summary>A text that is not empty.</summary>
    internal static Option<string> Text(string name, string helpName, string description)
    {
        var option = new Option<string>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }]) result.AddError($"{name} is empty; it needs a value.");
        });
        return option;
    }

    /// <summary>One of a few words.</summary>
    internal static Option<string> Choice(string name, string description, params string[] words)
    {
        var option = new Option<string>(name) { Description = description, HelpName = string.Join('|', words) };
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }] && !words.Contains(value))
                result.AddError($"{name} is {Shown(value)}; it must be {string.Join(" or ", words)}.");
        });
        return option;
    }

    /// <summary>A duration, written as the configuration writes it.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="least">The shortest.</param>
    /// <param name="most">The longest.</param>
    internal static Option<TimeSpan?> Duration(string name, string description, TimeSpan least, TimeSpan most) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (DurationText.TryParse(text, out var value, out var reason) && value >= least && value <= most) return value;
            result.AddError($"{name} is {Shown(text)}; it must be a duration with a unit, from {DurationText.Format(least)} to "
                + $"{DurationText.Format(most)}"
                + $"{(reason is null ? "" : $" ({Shown(reason)})")}.");
            return null;
        },
    };

    /// <summary>A process id.</summary>
    internal static Option<int?> ProcessId(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0) return pid;
            result.AddError($"{name} is {Shown(text)}; it must be a process id, from 1.");
            return null;
        },
    };

    /// <summary>An option that is gone: an error says what to write now.</summary>
    internal static Option<string> Gone(string name, string instead)
    {
        var option = new Option<string>(name) { Hidden = true, Arity = ArgumentArity.ZeroOrOne };
        option.Validators.Add(result => result.AddError($"{name} is gone: write {instead}."));
        return option;
    }

    /// <summary>A rule for an argument's value.</summary>
    /// <param name="argument">The argument.</param>
    /// <param name="holds">Whether a value is right.</param>
    /// <param name="must">What the error says behind <c>it must be </c>.</param>
    internal static Argument<string> Checked(Argument<string> argument, Func<string, bool> holds, string must)
    {
        argument.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }]
                && !holds(value)) result.AddError($"{argument.Name} is '{Shown(value)}'; it must be {must}.");
        });
        return argument;
    }

    /// <summary>What an option takes, for help, manual and completion; null for one that is only there or not.</summary>
    internal static string? ValueName(Option option) =>
        option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool) ? null
            : option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant();

    /// <summary>The words that a value may be; empty if it is free.</summary>
    internal static IReadOnlyList<string> Words(Symbol symbol) => symbol switch
    {
        Option { CompletionSources.Count: > 0 } option when ValueName(option) is not null =>
            [.. option.GetCompletions(CompletionContext.Empty).Select(item => item.Label)],
        Argument { CompletionSources.Count: > 0 } argument =>
            [.. argument.GetCompletions(CompletionContext.Empty).Select(item => item.Label)],
        _ => [],
    };

    /// <summary>The options that a command shows: its own, and those of the commands above it that go for all below them.</summary>
    internal static IEnumerable<Option> VisibleOf(Command command)
    {
        foreach (var option in command.Options.Where(option => !option.Hidden)) yield return option;
        var above = command.Parents.OfType<Command>().FirstOrDefault();
        if (above is null) yield break;
        foreach (var option in VisibleOf(above).Where(option => option.Recursive)) yield return option;
    }

    /// <summary>The commands of a grammar with the words that lead there, the root first.</summary>
    internal static IEnumerable<(string Path, Command Command)> Commands(Command command, string path = "")
    {
        yield return (path, command);
        foreach (var inner in command.Subcommands.Where(inner => !inner.Hidden).SelectMany(inner =>
            Commands(inner, $"{path} {inner.Name}".Trim()))) yield return inner;
    }
}
