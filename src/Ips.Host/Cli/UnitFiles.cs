using System.Reflection;
using System.Text;

namespace Ips.Host.Cli;

/// <summary>The files of packaging/ as they were built into this binary, for a place and a command. Pure but for the reading of the resource.</summary>
internal static class UnitFiles
{
    private const string CommandMark = "@IPS@";

    // Where systemd looks below /usr, /usr/local and /.
    private static readonly (string Resource, string Path)[] Places =
    [
        ("ips.service", "lib/systemd/system/ips.service"),
        ("ips.socket", "lib/systemd/system/ips.socket"),
        ("ips.sysusers", "lib/sysusers.d/ips.conf"),
        ("ips.logrotate", "share/ips/ips.logrotate"),
    ];

    /// <summary>Each file's path below the prefix, and its text.</summary>
    /// <param name="self">The program that the service runs.</param>
    internal static IEnumerable<(string Path, string Text)> For(SelfCommand self) =>
        Places.Select(place => (place.Path, Read(place.Resource).Replace(CommandMark, Command(self), StringComparison.Ordinal)));

    /// <summary>A command as a unit file has it, see systemd.service(5): quoted where needed, without specifiers and variables.</summary>
    internal static string Command(SelfCommand self) => string.Join(' ', [Word(self.FileName), .. self.Prefix.Select(Word)]);

    private static string Word(string word)
    {
        var escaped = word.Replace("%", "%%", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal);
        if (!escaped.Any(c => char.IsWhiteSpace(c) || c is '"' or '\'' or '\\' or ';')) return escaped;
        var quoted = new StringBuilder("\"");
        foreach (var c in escaped) quoted.Append(c is '"' or '\\' ? $"\\{c}" : c.ToString());
        return quoted.Append('"').ToString();
    }

    private static string Read(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"packaging/{resource}")
            ?? throw new InvalidOperationException($"The resource {resource} was not built into this binary.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
