using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Ips.Host.Cli;

/// <summary>Writes the manual page from the grammar, in the man macros of roff. See man-pages(7). Pure.</summary>
internal static class ManPage
{
    /// <summary>The page.</summary>
    internal static string Write(RootCommand root, string version)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture,
            $".TH IPS 1 \"\" \"ips {Escape(version)}\" \"User Commands\"\n.nh\n.ad l\n"); // no word, such as a key, is broken
        Section(page, "NAME", "ips \\- an IP inventory over HTTP that reloads without a client noticing");
        page.Append(".SH SYNOPSIS\n.B ips\n.I command\n.RI [ option ...]\n");
        Section(page, "DESCRIPTION", Escape(HelpText.Description));
        page.Append(".SH COMMANDS\n");
        foreach (var (_, command) in CliOptions.Commands(root).Skip(1)) Command(page, command);
        page.Append(".SH EXAMPLES\n");
        foreach (var (word, text) in HelpText.Examples) Item(page, $"\\fB{Escape(word)}\\fR", text);
        page.Append(".SH SIGNALS\nSend them to the PID in the PID file:\n");
        foreach (var (word, text) in HelpText.Signals) Item(page, $"\\fB{Escape(word)}\\fR", text);
        page.Append(".SH EXIT STATUS\n");
        foreach (var (code, text) in HelpText.ExitCodes) Item(page, $"\\fB{code.ToString(CultureInfo.InvariantCulture)}\\fR", text);
        Section(page, "SEE ALSO",
            "\\fBips check \\-\\-reference\\fR prints every key of the configuration file with its range and default.");
        return page.ToString();
    }

    private static void Command(StringBuilder page, Command command)
    {
        page.Append(CultureInfo.InvariantCulture, $".SS {Escape(HelpWriter.Usage(command))}\n{Escape(command.Description ?? "")}\n");
        foreach (var argument in command.Arguments.Where(argument => !argument.Hidden)) Item(page, $"\\fI{Escape(argument.Name)}\\fR",
            argument.Description ?? "");
        foreach (var option in CliOptions.VisibleOf(command).Where(option => option is not System.CommandLine.Help.HelpOption))
        {
            var value = CliOptions.ValueName(option);
            Item(page, $"\\fB{Escape(option.Name)}\\fR{(value is null ? "" : $" \\fI{Escape(value)}\\fR")}", HelpWriter.Described(option));
        }
    }

    private static void Section(StringBuilder page, string title, string text) =>
        page.Append(CultureInfo.InvariantCulture, $".SH {title}\n{text}\n");

    private static void Item(StringBuilder page, string word, string text) =>
        page.Append(CultureInfo.InvariantCulture, $".TP\n{word}\n{Escape(text)}\n");

    // A hyphen that is typed, not one of a word that is broken; and no text may look like a request, which begins a line with . or '.
    private static string Escape(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? $"\\&{escaped}" : escaped;
    }
}
