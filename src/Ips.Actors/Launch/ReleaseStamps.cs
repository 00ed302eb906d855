using System.Globalization;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Takes the stamp of a release from the files that it is made of.</summary>
[SupportedOSPlatform("linux")]
internal static class ReleaseStamps
{
    private const int MostFiles = 4096;

    // What a release is made of beside its program. Logs, databases and PID files change while it serves.
    private static readonly string[] s_kinds = [".dll", ".so", ".json", ".conf", ".config", ".xml", ".ini", ".yaml", ".yml", ".env"];

    /// <summary>The release that a command would start now.</summary>
    /// <param name="command">The command.</param>
    /// <param name="more">Further files that a start reads.</param>
    /// <param name="changing">Files on the command line that change while the service runs, such as its log.</param>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    public static ReleaseStamp Take(StartCommand command, IEnumerable<string?> more, IReadOnlyCollection<string?> changing)
    {
        string Full(string path) => Path.GetFullPath(path, command.WorkingDirectory);
        var folders = new[] { Path.GetDirectoryName(command.FileName), command.WorkingDirectory };
        var named = command.Arguments.Skip(1).Select(argument => argument[(argument.IndexOf('=', StringComparison.Ordinal) + 1)..])
            .Concat(more)
            .Where(path => !string.IsNullOrEmpty(path)).Select(path => Full(path!)).Except(changing.OfType<string>().Select(Full));
        var files = folders.OfType<string>().Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)
            .Where(path => s_kinds.Contains(Path.GetExtension(path))).Concat(named).Append(command.FileName)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MostFiles);
        return new ReleaseStamp(command.FileName, string.Join('\n', files.Select(Describe).OfType<string>()));
    }

    private static string? Describe(string path)
    {
        if (!File.Exists(path) || FileIdentity.OfTarget(path) is not { } file) return null;
        var target = File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
        var written = target.LastWriteTimeUtc.Ticks;
        return string.Create(CultureInfo.InvariantCulture, $"{path} {file.Device} {file.Inode} {file.BornAtNs} {target.Length} {written}");
    }
}
