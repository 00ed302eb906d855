using System.Buffers;
using System.Text.Json;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Launch;

/// <summary>The state file <c>&lt;pid-file&gt;.last-good</c>: how to start the release that last became the main process.</summary>
/// <remarks>It survives a stop and a crash. The owner of the PID file owns it: <c>ips start --last-good</c> runs what is in it, with
/// that user's rights.</remarks>
[SupportedOSPlatform("linux")]
internal static class LastGoodFile
{
    private const int Mode = 0b110_000_000; // 0600: arguments may hold what is nobody else's business
    private const int MostBytes = 1 << 20;

    /// <summary>The path of the file.</summary>
    /// <param name="pidFile">The PID file.</param>
    public static string PathOf(string pidFile) => StatePaths.Of(pidFile, Suffix);

    /// <summary>The same for a command, which has not the environment of the service.</summary>
    /// <param name="pidFile">The PID file.</param>
    public static string Find(string pidFile) => StatePaths.Find(pidFile, Suffix);

    /// <summary>Where earlier builds keep it.</summary>
    /// <param name="pidFile">The PID file.</param>
    public static string PathBeside(string pidFile) => pidFile + Suffix;

    private const string Suffix = ".last-good";

    /// <summary>Reads the file, which names a program: only one that nobody else can have written.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="user">The name of a user who may own the file, besides root and this process's own user: the caller runs the program as
    /// that user, with no more rights. Null for none.</param>
    /// <returns>Null if there is none, or it holds something else.</returns>
    /// <exception cref="IOException">It may not be read, or somebody else may own it, write to it, or have put it there; the message says
    /// which.</exception>
    public static LastGoodRelease? TryRead(string path, string? user = null)
    {
        try
        {
            return GuardedFile.ReadTrusted(path, MostBytes, user is null ? null : UserAccount.Find(user)?.UserId) is { } content
                && JsonSerializer.Deserialize(content, ReceiptJson.Default.LastGoodRelease) is { } release && IsWhole(release)
                ? IsWhole(release.Previous) ? release : release with { Previous = null } : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsWhole(LastGoodRelease? release) => release is null or
    {
        Release: not null, FileName: not null, Arguments: not null, WorkingDirectory: not null, Command.Count: > 0,
        CommandDirectory: not null
    };

    /// <summary>The release that served before another one: what the file named so far, or before that if it is the same release.</summary>
    /// <param name="own">The one that serves now.</param>
    /// <param name="kept">What the file holds.</param>
    internal static LastGoodRelease? Before(LastGoodRelease own, LastGoodRelease? kept) =>
        kept is null ? null : (ProgramOf(kept) == ProgramOf(own) ? kept.Previous : kept) is { } before ? before with { Previous = null }
            : null;

    /// <summary>The file that names the release: its program or, of <c>dotnet app.dll</c>, the assembly.</summary>
    public static string ProgramOf(LastGoodRelease release) =>
        Path.GetFileNameWithoutExtension(release.FileName) == "dotnet"
            && release.Arguments.FirstOrDefault(argument => argument.EndsWith(".dll", StringComparison.Ordinal)) is { } assembly
            ? assembly : release.FileName;

    /// <summary>The same for a generation. What is wrong with the file is logged: it must not cost the service.</summary>
    internal static LastGoodRelease? TryRead(string path, ILogger log)
    {
        try
        {
            return TryRead(path);
        }
        catch (IOException e)
        {
            log.LastGoodFailed(path, e.Message);
            return null;
        }
    }

    /// <summary>The environment variable by which a process of that release knows the command that a reload starts the next one
    /// by.</summary>
    /// <param name="release">What is started.</param>
    public static KeyValuePair<string, string> CommandVariable(LastGoodRelease release)
    {
        ArgumentNullException.ThrowIfNull(release);
        return new(HandoverVariables.Command, StartCommand.Encode(release.CommandDirectory, release.Command));
    }

    /// <summary>The environment variable by which a release is started for itself, although its command line says that it takes
    /// over.</summary>
    public static KeyValuePair<string, string> AloneVariable { get; } = new(HandoverVariables.NoTakeover, "1");

    /// <summary>This generation as the file tells of it.</summary>
    internal static LastGoodRelease Describe(GenerationContext generation, DateTimeOffset now) =>
        Describe(generation.StartCommand, Environment.ProcessPath ?? generation.StartCommand.FileName, AppContext.BaseDirectory,
            Directory.GetCurrentDirectory()) with
        {
            Release = GenerationContext.Release,
            Generation = generation.Number,
            Since = now,
        };

    /// <summary>As the serializer writes it, which at each start would be compiled for this while clients wait.</summary>
    internal static byte[] Encode(LastGoodRelease release)
    {
        var content = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(content))
        {
            Write(json, release);
        }

        content.Write("\n"u8);
        return content.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, LastGoodRelease release)
    {
        json.WriteStartObject();
        json.WriteString("release", release.Release);
        json.WriteString("fileName", release.FileName);
        WriteList(json, "arguments", release.Arguments);
        json.WriteString("workingDirectory", release.WorkingDirectory);
        WriteList(json, "command", release.Command);
        json.WriteString("commandDirectory", release.CommandDirectory);
        json.WriteNumber("generation", release.Generation);
        json.WriteString("since", release.Since);
        if (release.Previous is { } previous)
        {
            json.WritePropertyName("previous");
            Write(json, previous);
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items) json.WriteStringValue(item);
        json.WriteEndArray();
    }

    /// <summary>The same of any command.</summary>
    /// <param name="command">As it was typed.</param>
    /// <param name="program">The program that runs, its links followed.</param>
    /// <param name="releaseFolder">Where its assemblies are, their links followed.</param>
    /// <param name="workingDirectory">Where it runs, its links followed.</param>
    internal static LastGoodRelease Describe(StartCommand command, string program, string releaseFolder, string workingDirectory)
    {
        List<string> arguments = [.. command.Arguments.Skip(1)];
        // `dotnet [options] app.dll ...`: there it is the assembly that names the release.
        if (arguments.FindIndex(argument => argument.EndsWith(".dll", StringComparison.Ordinal)) is >= 0 and var assembly
            && Path.Combine(releaseFolder, Path.GetFileName(arguments[assembly])) is var pinned && File.Exists(pinned)
            && Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            arguments[assembly] = pinned;
        }

        return new LastGoodRelease(
            "", program, arguments, workingDirectory, [command.FileName, .. command.Arguments.Skip(1)], command.WorkingDirectory, 0,
                default);
    }

    /// <summary>Replaces the file as a whole. A full disk or a lost right is logged: it must not cost the service.</summary>
    internal static void TryWrite(string path, LastGoodRelease release, ILogger log)
    {
        try
        {
            AtomicFile.Write(path, Encode(release), Mode);
        }
        catch (IOException e)
        {
            log.LastGoodFailed(path, e.Message);
        }
    }
}

internal static partial class LastGoodLog
{
    [LoggerMessage(EventIds.LastGoodFailed, LogLevel.Warning,
        "{Path} (last good release) could not be read or written; the service keeps running: {Reason}")]
    public static partial void LastGoodFailed(this ILogger logger, string path, string reason);
}
