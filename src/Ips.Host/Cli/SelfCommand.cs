using Ips.Actors.Configuration;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>How this program was called, so that it can be called again from any directory.</summary>
/// <param name="FileName">The executable, absolute.</param>
/// <param name="Prefix">The arguments before the verb: the assembly, and what precedes it, when it was called as <c>dotnet
/// ips.dll</c>.</param>
internal sealed record SelfCommand(string FileName, IReadOnlyList<string> Prefix)
{
    /// <summary>Works it out from the original command line. Links are kept as they were named, so that <c>current/ips</c> is what runs,
    /// whatever it points at.</summary>
    /// <param name="commandLine">All arguments from <c>/proc/self/cmdline</c>, the program's name first.</param>
    /// <param name="ownArguments">How many of them, at the end, are the program's own.</param>
    /// <param name="directory">The logical current directory.</param>
    /// <param name="searchPath">The environment variable PATH.</param>
    /// <param name="exists">Whether there is a file at a path.</param>
    /// <param name="fallback">The executable by the kernel's name, if the command line leads nowhere.</param>
    internal static SelfCommand Resolve(
        IReadOnlyList<string> commandLine, int ownArguments, string directory, string? searchPath, Func<string, bool> exists,
            string fallback)
    {
        var prefix = commandLine.Take(commandLine.Count - ownArguments).ToList();
        if (prefix.Count == 0) return new(fallback, []);
        var name = prefix[0];
        var executable = name.Contains('/', StringComparison.Ordinal)
            ? FilePaths.Resolve(directory, name)
            : (searchPath ?? "").Split(':').Select(folder => FilePaths.Resolve(FilePaths.Resolve(directory, folder), name))
                .FirstOrDefault(exists);
        List<string> arguments = [.. prefix.Skip(1)];
        // `dotnet [options] ips.dll`: the assembly is the last of what is not ours.
        if (arguments.Count > 0) arguments[^1] = FilePaths.Resolve(directory, arguments[^1]);
        return new(executable is not null && exists(executable) ? executable : fallback, arguments);
    }

    /// <summary>Works it out for this process.</summary>
    /// <param name="ownArguments">How many arguments <c>Main</c> was given.</param>
    internal static SelfCommand OfThisProcess(int ownArguments)
    {
        var commandLine = File.ReadAllText("/proc/self/cmdline").Split('\0')[..^1]; // each argument ends in a NUL
        return Resolve(commandLine, ownArguments, LogicalDirectory.Current(), Environment.GetEnvironmentVariable("PATH"),
            File.Exists, Environment.ProcessPath ?? "/proc/self/exe");
    }
}

/// <summary>What <c>ips supervise</c> starts: <c>ips run</c> with the same options. Pure.</summary>
internal static class SupervisedArguments
{
    /// <summary>The verb of the parent.</summary>
    internal const string Verb = "supervise";

    /// <summary>The arguments with the verb replaced; as many as before.</summary>
    internal static IReadOnlyList<string> Of(IReadOnlyList<string> arguments) =>
        [.. arguments.Select((word, i) => i == 0 && word == Verb ? "run" : word)];
}
