using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Ips.Host.Cli;

/// <summary>Writes the help of a command from its definition, in lines that break between words. Pure.</summary>
internal static class HelpWriter
{
    /// <summary>The width where none is known.</summary>
    internal const int DefaultWidth = 80;

    private const int LeastWidth = 40, MostNameWidth = 28;

    /// <summary>The help.</summary>
    /// <param name="command">The command; the root shows examples, signals and exit codes as well.</param>
    /// <param name="width">The longest line, in characters.</param>
    internal static string Write(Command command, int width)
    {
        width = Math.Max(width, LeastWidth);
        var text = new StringBuilder();
        Paragraph(text, "Description:", command.Description ?? "", width);
        Paragraph(text, "Usage:", Usage(command), width);
        Table(text, "Arguments:",
            command.Arguments.Where(argument => !argument.Hidden).Select(argument => (Placeholder(argument), argument.Description ?? "")),
            width);
        Table(text, "Options:", CliOptions.VisibleOf(command).Select(option => (Names(option), Described(option))), width);
        Table(text, "Commands:", command.Subcommands.Where(inner => !inner.Hidden).Select(inner => (inner.Name, inner.Description ?? "")),
            width);
        if (command is RootCommand)
        {
            Table(text, "Examples:", HelpText.Examples, width);
            Table(text, "Signals (send them to the PID in the PID file):", HelpText.Signals, width);
            Table(text, "Exit codes:", HelpText.ExitCodes.Select(exit => (exit.Code.ToString(CultureInfo.InvariantCulture), exit.Text)),
                width);
        }
        return text.ToString();
    }

    /// <summary><c>ips key add &lt;name&gt; [options]</c></summary>
    internal static string Usage(Command command)
    {
        List<string> words = [.. Path(command)];
        if (command.Subcommands.Any(inner => !inner.Hidden)) words.Add("<command>");
        words.AddRange(command.Arguments.Where(argument => !argument.Hidden)
            .Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $"[{Placeholder(argument)}]" : Placeholder(argument)));
        words.Add("[options]");
        return string.Join(' ', words);
    }

    /// <summary><c>-h, --help</c> or <c>--config &lt;FILE&gt;</c></summary>
    internal static string Names(Option option)
    {
        var names = string.Join(", ",
            option.Aliases.Append(option.Name).Distinct().Where(name => name[0] == '-').OrderBy(name => name.Length));
        return CliOptions.ValueName(option) is { } value ? $"{names} <{value}>" : names;
    }

    /// <summary>The description, and whether the option must be given.</summary>
    internal static string Described(Option option) => $"{option.Description}{(option.Required ? " Required." : "")}";

    /// <summary><c>&lt;name&gt;</c></summary>
    internal static string Placeholder(Argument argument) => $"<{argument.HelpName ?? argument.Name}>";

    /// <summary>Breaks a text into lines between words; a word that is longer than a line has one of its own.</summary>
    internal static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }
            if (line.Length > 0) line.Append(' ');
            line.Append(word);
        }
        yield return line.ToString();
    }

    private static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? ["ips"] : [.. command.Parents.OfType<Command>().Take(1).SelectMany(Path), command.Name];

    private static void Paragraph(StringBuilder text, string title, string body, int width)
    {
        text.AppendLine(title);
        foreach (var line in Wrap(body, width - 2)) text.Append("  ").AppendLine(line);
        text.AppendLine();
    }

    private static void Table(StringBuilder text, string title, IEnumerable<(string Name, string Text)> rows, int width)
    {
        List<(string Name, string Text)> all = [.. rows];
        if (all.Count == 0) return;
        text.AppendLine(title);
        var column = Math.Min(all.Max(row => row.Name.Length), MostNameWidth) + 4;
        foreach (var (name, description) in all)
        {
            // A name that does not fit has a line of its own.
            text.Append("  ").Append(name);
            var first = name.Length + 4 <= column;
            if (!first) text.AppendLine();
            foreach (var line in Wrap(description, width - column))
            {
                text.Append(first ? new string(' ', column - name.Length - 2) : new string(' ', column)).AppendLine(line);
                first = false;
            }
        }
        text.AppendLine();
    }
}
