using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>An app below <c>dotnet run</c> or <c>dotnet watch</c>: the command waits for the process that it started, so after a reload the
/// prompt would be back, and ^C would not reach the app.</summary>
[SupportedOSPlatform("linux")]
internal static class DotnetRun
{
    /// <summary>Why this process cannot be replaced; null if it can.</summary>
    public static string? Obstacle() =>
        Processes.ParentOf(Environment.ProcessId) is { } parent && Command(ProcessStart.TryReadCommandLine(parent)) is { } command
            ? $"`{command}` started this process, and would end with it; start the built app instead, as in `dotnet App.dll`" : null;

    /// <summary>The command of the .NET CLI that a command line stands for: <c>dotnet run</c>, <c>dotnet watch</c> or null. Pure.</summary>
    /// <param name="commandLine">argv.</param>
    public static string? Command(IReadOnlyList<string> commandLine)
    {
        string[] words = [.. commandLine.Take(2).Select(Path.GetFileName)!];
        return words is not ["dotnet", var command] ? null
            : command is "run" ? "dotnet run"
            : command is "watch" || commandLine.Any(word => Path.GetFileName(word) is "dotnet-watch.dll") ? "dotnet watch"
            : null;
    }
}
