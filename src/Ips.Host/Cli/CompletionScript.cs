using System.CommandLine;
using System.Text;

namespace Ips.Host.Cli;

/// <summary>Writes the shells' completion from the grammar: of commands, options, and the words that a value may be; else of file names.
/// Pure.</summary>
internal static class CompletionScript
{
    /// <summary>The shells.</summary>
    internal static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish"];

    /// <summary>The script.</summary>
    /// <param name="root">The grammar.</param>
    /// <param name="shell">One of <see cref="Shells"/>.</param>
    internal static string Write(RootCommand root, string shell)
    {
        List<(string Path, Command Command)> commands = [.. CliOptions.Commands(root)];
        return shell switch
        {
            "bash" => Bash(commands),
            "zsh" => Zsh(commands),
            _ => Fish(commands),
        };
    }

    private static string Bash(List<(string Path, Command Command)> commands)
    {
        var text = new StringBuilder($$"""
            # Completes ips in bash: source <(ips completion bash)
            _ips() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= i
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$path ${COMP_WORDS[i]}" in
                        {{Steps(commands, "|")}}) path="${path:+$path }${COMP_WORDS[i]}" ;;
                    esac
                done
                case "$path $prev" in

            """);
        foreach (var (path, command) in commands)
        {
            foreach (var option in CliOptions.VisibleOf(command).Where(option => CliOptions.ValueName(option) is not null))
            {
                var words = string.Join(' ', CliOptions.Words(option));
                text.Append($"        {Quote($"{path} {option.Name}")}) "
                    + $"{(words.Length == 0 ? "" : $"COMPREPLY=($(compgen -W {Quote(words)} -- \"$cur\")); ")}return ;;\n");
            }
        }
        text.Append("    esac\n    case \"$path\" in\n");
        foreach (var (path, command) in commands) text
            .Append($"        {Quote(path)}) words={Quote(string.Join(' ', Items(command).Select(item => item.Word)))} ;;\n");
        text.Append("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F _ips ips\n");
        return text.ToString();
    }

    private static string Zsh(List<(string Path, Command Command)> commands)
    {
        var text = new StringBuilder($$"""
            #compdef ips
            # Completes ips in zsh: ips completion zsh > a folder of $fpath, as the file _ips
            _ips() {
                local way= word
                local -a items
                for word in ${words[2,CURRENT-1]}; do
                    case "$way $word" in
                        ({{Steps(commands, "|")}}) way="${way:+$way }$word" ;;
                    esac
                done
                case "$way ${words[CURRENT-1]}" in

            """);
        foreach (var (path, command) in commands)
        {
            foreach (var option in CliOptions.VisibleOf(command).Where(option => CliOptions.ValueName(option) is not null))
            {
                var words = string.Join(' ', CliOptions.Words(option));
                text.Append($"        ({Quote($"{path} {option.Name}")}) {(words.Length == 0 ? "_files" : $"compadd -- {words}")}; "
                    + "return ;;\n");
            }
        }
        text.Append("    esac\n    case \"$way\" in\n");
        foreach (var (path, command) in commands)
        {
            var items = Items(command).Select(item => Quote($"{item.Word.Replace(":", "\\:", StringComparison.Ordinal)}:{item.Text}"));
            text.Append($"        ({Quote(path)}) items=({string.Join(' ', items)}) ;;\n");
        }
        text.Append("    esac\n    _describe ips items || _files\n}\nif [ \"$funcstack[1]\" = _ips ]; then _ips \"$@\"; else compdef "
            + "_ips ips; fi\n");
        return text.ToString();
    }

    private static string Fish(List<(string Path, Command Command)> commands)
    {
        var text = new StringBuilder($$"""
            # Completes ips in fish: ips completion fish > ~/.config/fish/completions/ips.fish
            function __ips_path
                set -l path ''
                for word in (commandline -opc)[2..-1]
                    switch "$path $word"
                        case {{Steps(commands, " ")}}
                            set path (string trim -- "$path $word")
                    end
                end
                echo $path
            end

            """);
        foreach (var (path, command) in commands)
        {
            var at = $"complete -c ips -n {Quote($"string match -q -- \"{path}\" (__ips_path)")}";
            foreach (var inner in command.Subcommands.Where(inner =>
                !inner.Hidden)) text.Append($"{at} -f -a {inner.Name} -d {Quote(inner.Description ?? "")}\n");
            foreach (var word in command.Arguments.SelectMany(CliOptions.Words)) text.Append($"{at} -f -a {word}\n");
            foreach (var option in CliOptions.VisibleOf(command).Where(option => option.Name.StartsWith("--", StringComparison.Ordinal)))
            {
                var words = string.Join(' ', CliOptions.Words(option));
                var value = CliOptions.ValueName(option) is null ? "" : words.Length == 0 ? " -r" : $" -x -a {Quote(words)}";
                text.Append($"{at} -l {option.Name[2..]}{value} -d {Quote(option.Description ?? "")}\n");
            }
        }
        return text.ToString();
    }

    // What leads from one command to the next: " run", " key", "key add".
    private static string Steps(List<(string Path, Command Command)> commands, string between) =>
        string.Join(between, commands.Skip(1).Select(entry =>
        Quote(entry.Path.Contains(' ', StringComparison.Ordinal) ? entry.Path : $" {entry.Path}")));

    private static IEnumerable<(string Word, string Text)> Items(Command command) =>
    [
        .. command.Subcommands.Where(inner => !inner.Hidden).Select(inner => (inner.Name, inner.Description ?? "")),
        .. command.Arguments.SelectMany(CliOptions.Words).Select(word => (word, "")),
        .. CliOptions.VisibleOf(command).Select(option => (option.Name, option.Description ?? "")),
    ];

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
