using System.Text;
using Ips.Actors.Diagnostics;

namespace Ips.Host.Cli.Doctor;

/// <summary>Shows the facts and problems to a person. Pure.</summary>
internal static class DoctorText
{
    /// <summary>The table, then the problems.</summary>
    internal static string Write(DoctorFacts facts)
    {
        List<(string Name, string Value)> rows =
        [
            ("ips", facts.Release),
            ("runtime", facts.Runtime),
            ("actors", facts.ActorRuntime),
            ("kernel", facts.Kernel),
            ("init", $"{facts.Init}{(facts.Systemd ? " (systemd)" : "")}{(facts.Container ? ", in a container" : "")}"),
            ("would run", DoctorRules.Manner(facts)),
            ("user", facts.RunAs is { } user && user != facts.User ? $"{facts.User}, then {user}" : facts.User),
            ("open files", facts.OpenFiles == long.MaxValue ? "no limit" : $"{facts.OpenFiles}"),
            ("configuration", facts.ConfigFile ?? "none"),
            .. facts.Paths.Select(path => (path.What, path.Path)),
            .. facts.Endpoints.Select(endpoint => ("endpoint", endpoint.Url)),
        ];
        var width = rows.Max(row => row.Name.Length) + 2;
        var text = new StringBuilder();
        foreach (var (name, value) in rows) text.Append(name.PadRight(width)).AppendLine(TerminalText.Line(value));
        return text.AppendLine().Append(Problems(DoctorRules.Problems(facts))).ToString();
    }

    /// <summary>The problems alone.</summary>
    internal static string Problems(IReadOnlyList<DoctorProblem> problems)
    {
        var text = new StringBuilder();
        text.Append(problems.Count == 0 ? "No problem was found." : $"{Wording.Counted(problems.Count, "problem")}:");
        foreach (var problem in problems)
            text.AppendLine().Append(problem.Prevents ? "  ERROR   " : "  warning ").AppendLine(TerminalText.Line(problem.What))
                .Append("          -> ").Append(TerminalText.Line(problem.Remedy));
        return text.ToString();
    }
}
