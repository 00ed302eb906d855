using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>The files of a release as they were when a process of it started: to tell a fault of the release from one that was made by
/// writing over files
/// that the process had mapped.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ReleaseFiles
{
    private const int MaxFiles = 2000;

    private readonly Dictionary<string, FileState> _files;

    private ReleaseFiles(Dictionary<string, FileState> files) => _files = files;

    /// <summary>Looks at the folder of the program.</summary>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">argv: of <c>dotnet app.dll</c> the release is the assembly's folder.</param>
    internal static ReleaseFiles Take(string fileName, IReadOnlyList<string> arguments)
    {
        var program = arguments is [_, var assembly, ..] && assembly.EndsWith(".dll", StringComparison.Ordinal) ? assembly : fileName;
        Dictionary<string, FileState> files = new(StringComparer.Ordinal);
        try
        {
            // With links followed now: the link is switched by the next deployment.
            var image = FileDescriptors.RealPath(program);
            if (Path.GetDirectoryName(image) is { } folder)
            {
                var code = new DirectoryInfo(folder).EnumerateFiles().Where(file => file.FullName == image || IsCode(file.Name));
                foreach (var file in code.Take(MaxFiles))
                {
                    if (StateOf(file) is { } state) files[file.FullName] = state;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            files.Clear(); // a release that cannot be looked at is not accused
        }

        return new ReleaseFiles(files);
    }

    /// <summary>What to add to the words about a process's end, if its release was written over while it ran.</summary>
    /// <param name="exit">How it ended.</param>
    /// <returns>Null if it did not end by SIGSEGV or SIGBUS, or its files are the same.</returns>
    internal string? Explain(ProcessExit exit) =>
        exit.Signal is SignalNumbers.SIGSEGV or SignalNumbers.SIGBUS && FirstWrittenOver() is { } file
            ? $"{file} was written over while it ran: put each release into a folder of its own" : null;

    // The same file with other content. One that was removed, or replaced by another, does no harm to those who have it mapped.
    private string? FirstWrittenOver() =>
        _files.Where(known => StateOf(new FileInfo(known.Key)) is { } now && now.Identity == known.Value.Identity && now != known.Value)
            .Select(known => known.Key).Order(StringComparer.Ordinal).FirstOrDefault();

    // The service's log, PID file and database may lie beside it.
    private static bool IsCode(string name) =>
        name.EndsWith(".dll", StringComparison.Ordinal) || name.EndsWith(".so", StringComparison.Ordinal)
        || name.Contains(".so.", StringComparison.Ordinal);

    private static FileState? StateOf(FileInfo file)
    {
        try
        {
            return FileIdentity.OfTarget(file.FullName) is { } identity ? new FileState(identity, file.Length, file.LastWriteTimeUtc)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private readonly record struct FileState(FileIdentity Identity, long SizeBytes, DateTime WrittenAt);
}
