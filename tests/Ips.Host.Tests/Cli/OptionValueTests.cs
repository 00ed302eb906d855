using System.CommandLine;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

/// <summary>Feeds every option and argument of every command, as their definitions list them, with values that nobody means.</summary>
public sealed class OptionValueTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    // Folders among them are /proc, where root cannot make anything either: a command that takes the value must not write to the machine.
    private static readonly string[] Values =
    [
        "", " ", "rubbish", "☃\u001b[31m\u202e", "-1", "--", "0", "1.5", "1h", "-1h", "infinite", "NaN", "99999999999",
            "99999999999999999999999999h", "1e400", "{0}", "%s%n", "'\"\\",
        "/proc", "/dev/null/x", "a\nb", "@x", "~", new string('9', 5_000), new string('x', 100_000),
            string.Concat(Enumerable.Repeat("../", 3_000)) + "proc",
    ];

    // Of .NET, of the command line library, of a stack trace.
    private static readonly string[] Foreign =
    [
        "Exception", "   at ", "System.", "(Parameter", "Value cannot be", "Could not find", "was not in a correct format",
            "Cannot parse argument", "The value '", "Unrecognized", "not recognized",
        "The path is", "is too long, or a component", "Nullable",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-values-").FullName;

    public static TheoryData<string, string> Symbols
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (path, command) in CliOptions.Commands(CliGrammars.Whole()))
            {
                foreach (var symbol in command.Options.Cast<Symbol>().Concat(command.Arguments)) data.Add(path, symbol.Name);
            }
            return data;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Definitions_AllCommands_AreFed()
    {
        var fed = Symbols.Select(row => (string)row[0]).Distinct().ToList();
        Assert.Superset(
            new HashSet<string> { "run", "supervise", "start", "reload", "stop", "pause", "resume", "status", "history", "check", "doctor",
                "import", "export", "sample", "key add", "key rotate", "install-units", "completion" },
            fed.ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Symbols))]
    public async Task Value_ThatNobodyMeans_IsOneClearError(string path, string name)
    {
        foreach (var value in Values)
        {
            var command = CliOptions.Commands(CliGrammars.Whole(_folder)).Single(one => one.Path == path).Command;
            string[] verbs = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var option = command.Options.FirstOrDefault(one => one.Name == name);
            // What else must be given is right.
            string[] others =
            [
                .. command.Arguments.Where(argument => argument.Name != name && argument.Arity.MinimumNumberOfValues > 0).Select(_ => "A1"),
                .. command.Options.Where(one => one.Required && one.Name != name).SelectMany(one =>
                    new[] { one.Name, Path.Combine(_folder, "given") }),
            ];
            await TryAsync(value, [.. verbs, .. others, .. option is null ? [value] : new[] { name, value }]);
            if (option is not null) await TryAsync(value, [.. verbs, .. others, $"{name}={value}"]);
        }
    }

    private async Task TryAsync(string value, string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var code = await CliParser.InvokeAsync(CliGrammars.Whole(_folder, output, error), arguments, output, error).WaitAsync(Bound);
        var words = string.Join(' ', arguments.Select(word => word.Length > 200 ? word[..200] : word));
        var shown = $"ips {words} -> {code}\n{output}\n{error}";
        Assert.True(code is >= 0 and <= 5, shown);
        var errors = error.ToString();
        foreach (var word in Foreign) Assert.False(errors.Replace(value.Length > 0 ? value : "\0", "",
            StringComparison.Ordinal).Contains(word, StringComparison.Ordinal), $"'{word}' in {shown}");
        Assert.DoesNotContain('\u001b', errors);
        if (code != CliExitCode.Ok && !output.ToString().Contains("problem", StringComparison.Ordinal)) // doctor's problems are its output
            Assert.True(errors.Split('\n').Count(line => line.StartsWith("ips: ", StringComparison.Ordinal)) == 1, shown);
    }
}
