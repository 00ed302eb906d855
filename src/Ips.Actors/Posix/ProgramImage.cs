using System.Diagnostics.CodeAnalysis;

namespace Ips.Actors.Posix;

/// <summary>The program that this process runs, which can take the place of itself. See execve(2).</summary>
/// <param name="FileName">The program, links followed.</param>
/// <param name="Arguments">argv, as this process was started with it.</param>
/// <param name="Environment">The environment, as this process was started with it.</param>
[SupportedOSPlatform("linux")]
internal sealed record ProgramImage(string FileName, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Of this process. Read it before the process changes its user: then the kernel hides /proc/self.</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static ProgramImage OfThisProcess() => new(
        System.Environment.ProcessPath ?? throw new IOException("/proc/self/exe cannot be read: mount /proc."),
        ProcessStart.ReadCommandLine(), ProcessStart.ReadStartEnvironment());

    /// <summary>Removes what the .NET runtime of this process has made for debuggers in the temporary directory, by the PID and the time of
    /// the start, which the next
    /// program has as well: it could not make its own if they were another user's.</summary>
    internal static void RemoveDotnetFiles()
    {
        var process = $"{System.Environment.ProcessId}-{Processes.StartedAt(System.Environment.ProcessId)}";
        foreach (var name in (string[])[$"dotnet-diagnostic-{process}-socket", $"clr-debug-pipe-{process}-in",
            $"clr-debug-pipe-{process}-out"])
            File.Delete(Path.Combine(Path.GetTempPath(), name));
    }

    /// <summary>Starts the program anew in this process: PID, parent, session, terminal, working directory, umask, blocked and ignored
    /// signals, the calling
    /// thread's credentials and descriptors without FD_CLOEXEC stay; memory and all other threads end.</summary>
    /// <exception cref="PosixException">It was not started, and everything is as it was. EACCES: it is not this user's to
    /// execute.</exception>
    [DoesNotReturn]
    internal unsafe void Execute()
    {
        using var arguments = new TextVector(Arguments);
        using var environment = new TextVector(Environment.Select(variable => $"{variable.Key}={variable.Value}"));
        fixed (byte* path = NativeText.EncodeWithNul(FileName)) _ = Libc.Execve(path, arguments.Pointer, environment.Pointer);
        throw PosixException.Last("execve", FileName);
    }
}
