using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Handover;

namespace Ips.Actors.Launch;

/// <summary>
/// How this generation was started, kept so that the next one starts from the release that is now at the same path. The kernel's
/// and the runtime's own answers (<c>/proc/self/exe</c>, <c>ProcessPath</c>, <c>getcwd</c>) have every symbolic link resolved
/// and would name the old release for ever.
/// </summary>
/// <param name="FileName">The program by its path as it was typed, absolute, links not followed.</param>
/// <param name="Arguments">The arguments from argv[0] on, as the kernel has them.</param>
/// <param name="WorkingDirectory">The logical working directory: <c>$PWD</c> if it names the real one.</param>
/// <param name="Environment">The environment at the start, less what belongs to this handover.</param>
internal sealed record StartCommand(
    string FileName, IReadOnlyList<string> Arguments, string WorkingDirectory, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Puts the command together from what the kernel and the shell say. Pure but for <paramref name="fileExists"/>.</summary>
    /// <param name="arguments">argv as in <c>/proc/self/cmdline</c>.</param>
    /// <param name="environment">The environment that the process was started with.</param>
    /// <param name="logicalDirectory">The working directory as the shell named it.</param>
    /// <param name="processPath">The program with links resolved; used when argv[0] names no file.</param>
    /// <param name="fileExists">Whether a path names an executable file.</param>
    public static StartCommand From(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string logicalDirectory, string processPath,
        Func<string, bool> fileExists)
    {
        var name = arguments.Count > 0 ? arguments[0] : processPath;
        var candidates = name.Contains('/', StringComparison.Ordinal)
            ? [Path.Combine(logicalDirectory, name)]
            : environment.GetValueOrDefault("PATH", "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(logicalDirectory, folder, name));
        var inherited = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (variable, value) in environment)
        {
            if (!IsOfOneProcess(variable)) inherited[variable] = value;
        }

        return new StartCommand(
            candidates.FirstOrDefault(fileExists) ?? processPath,
            arguments.Count > 0 ? arguments : [processPath],
            logicalDirectory,
            inherited);
    }

    /// <summary>The working directory by the links that lead to it: as <c>$PWD</c> names it, if that is the same place; else by the links
    /// of the program's own
    /// path, as under a service manager, which sets no <c>PWD</c>.</summary>
    /// <param name="pwd">The variable's value; null if it is not set.</param>
    /// <param name="realDirectory">The working directory as the kernel knows it, with all links resolved.</param>
    /// <param name="arguments">argv: the program, and what it is told to run, if their paths are absolute.</param>
    /// <param name="sameFile">Whether two paths lead to the same file; false if there is none.</param>
    /// <returns>The directory; <paramref name="realDirectory"/> if no link is known.</returns>
    public static string LogicalDirectory(
        string? pwd, string realDirectory, IReadOnlyList<string> arguments, Func<string, string, bool> sameFile)
    {
        if (pwd is ['/', ..] && sameFile(pwd, realDirectory)) return pwd;
        foreach (var program in arguments.Take(2).Where(argument => argument is ['/', ..]))
        {
            // The deepest folder of the program that is, by another name, the working directory or one above it.
            foreach (var linked in FoldersOf(program))
            {
                foreach (var real in FoldersOf(realDirectory + "/"))
                {
                    if (linked != real && sameFile(linked, real)) return linked + realDirectory[real.Length..];
                }
            }
        }

        return realDirectory;
    }

    /// <summary>The app by its logical path: what a runtime was told to run, if that is <paramref name="entryFile"/>, else the
    /// program.</summary>
    /// <param name="entryFile">The file name of the entry assembly, such as <c>App.dll</c>.</param>
    public string AppPath(string entryFile) =>
        Arguments.Skip(1).FirstOrDefault(argument => Path.GetFileName(argument) == entryFile) is { } app
            ? Path.GetFullPath(app, WorkingDirectory) : FileName;

    /// <summary>The same command with another folder in the place of one on its paths: the program, the working directory, and each
    /// argument that is a path, or a name, <c>=</c> and a path. An argument that leads to the right place by the new working directory
    /// stays as it is. The environment does too.</summary>
    /// <param name="from">The folder, absolute.</param>
    /// <param name="to">The folder instead, absolute.</param>
    public StartCommand Moved(string from, string to)
    {
        var directory = At(WorkingDirectory);
        return this with { FileName = At(FileName), Arguments = [.. Arguments.Select(Argument)], WorkingDirectory = directory };

        string At(string path) => Path.GetFullPath(path) is var full && full == from ? to
            : full.StartsWith(from + "/", StringComparison.Ordinal) ? to + full[from.Length..] : path;

        string Argument(string argument)
        {
            var start = argument is ['-', ..] ? argument.IndexOf('=', StringComparison.Ordinal) + 1 : 0;
            var value = argument[start..];
            if (!value.Contains('/', StringComparison.Ordinal) || value.Contains('\0', StringComparison.Ordinal)) return argument;
            var former = Path.GetFullPath(value, WorkingDirectory);
            var moved = At(former);
            return moved == former || Path.GetFullPath(value, directory) == moved ? argument : argument[..start] + moved;
        }
    }

    private static IEnumerable<string> FoldersOf(string path)
    {
        for (var end = path.LastIndexOf('/'); end > 0; end = path.LastIndexOf('/', end - 1)) yield return path[..end];
    }

    /// <summary>A command as the value of an environment variable: a JSON array of the working directory, the program and its
    /// arguments.</summary>
    public static string Encode(string workingDirectory, IReadOnlyList<string> command) =>
        JsonSerializer.Serialize([workingDirectory, .. command], StartCommandJson.Default.StringArray);

    /// <summary>The same command, but by another file name, arguments and directory, if the variable says so.</summary>
    /// <param name="encoded">The variable's value; null if it is not set.</param>
    /// <exception cref="Handover.HandoverRefusedException">It is no such array.</exception>
    public StartCommand Overridden(string? encoded)
    {
        if (encoded is null)
        {
            return this;
        }

        try
        {
            if (JsonSerializer.Deserialize(encoded, StartCommandJson.Default.StringArray)
                is [['/', ..] directory, ['/', ..] program, ..] parts)
            {
                return this with { FileName = program, Arguments = parts[1..], WorkingDirectory = directory };
            }
        }
        catch (JsonException)
        {
            // told below, with the value
        }

        throw new Handover.HandoverRefusedException(
            $"{HandoverVariables.Command} is '{encoded}'; it must be a JSON array of a directory, a program and its arguments");
    }

    // Variables that were meant for this process only: inherited, they would make the successor answer for another.
    private static bool IsOfOneProcess(string name) => name is HandoverVariables.Fd or HandoverVariables.Generation
        or HandoverVariables.StartFd or HandoverVariables.OutputFds or HandoverVariables.Command or HandoverVariables.NoTakeover
        or HandoverVariables.SupervisorFd or HandoverVariables.EarlySockets
        or HandoverVariables.Settings
        || name.StartsWith("LISTEN_", StringComparison.Ordinal);
}

[JsonSerializable(typeof(string[]))]
internal sealed partial class StartCommandJson : JsonSerializerContext;
