using System.Reflection;
using System.Text;

namespace Ips.Host.Cli;

/// <summary>The files of packaging/ as they were built into this binary, for a place and a command. Pure but for the reading of the
/// resource.</summary>
internal static class UnitFiles
{
    private const string CommandMark = "@IPS@";

    // Where systemd looks below /usr, /usr/local and /.
    private static readonly (string Resource, string Path)[] Places =
    [
        ("ips.service", "lib/systemd/system/ips.service"),
        ("ips.socket", "lib/systemd/system/ips.socket"),
        ("ips-agent.service", "lib/systemd/system/ips-agent.service"),
        ("ips.sysusers", "lib/sysusers.d/ips.conf"),
        ("ips.logrotate", "share/ips/ips.logrotate"),
    ];

    // See systemd.exec(5).
    private static readonly (string Line, string[] Folders)[] Hiding =
        [("ProtectHome=yes", ["/root", "/home", "/run/user"]), ("PrivateTmp=yes", ["/tmp", "/var/tmp"])];

    /// <summary>Each file's path below the prefix, and its text; the service's unit first.</summary>
    /// <param name="self">The program that the service runs.</param>
    internal static IEnumerable<(string Path, string Text)> For(SelfCommand self) =>
        Places.Select(place => (place.Path, Read(place.Resource).Replace(CommandMark, Command(self), StringComparison.Ordinal)));

    /// <summary>Why the service could not see its own program: the unit hides folders from it.</summary>
    /// <param name="unit">The text of the service's unit.</param>
    /// <param name="paths">The program, and what else is named before the verb; absolute.</param>
    /// <param name="target">Where the links of a path lead.</param>
    /// <returns>Null if nothing is hidden.</returns>
    internal static string? HidingFault(string unit, IEnumerable<string> paths, Func<string, string> target)
    {
        var lines = unit.Split('\n');
        var hidden = Hiding.Where(pair => lines.Contains(pair.Line)).SelectMany(pair =>
            pair.Folders.Select(folder => (pair.Line, folder))).ToList();
        foreach (var path in paths.Where(path => path.StartsWith('/')))
        {
            foreach (var place in new[] { path, target(path) })
            {
                if (hidden.Find(one => place.StartsWith($"{one.folder}/", StringComparison.Ordinal)) is not ({ } line, { } below)) continue;
                return $"The program is {path}{(place == path ? "" : $", which is {place}")}, and the unit's own {line} hides {below} "
                    + "from the service: "
                    + "put the release below /opt or /usr/local/lib, such as with './build.sh install --prefix /usr/local', and call it "
                        + "from there. Nothing was written.";
            }
        }
        return null;
    }

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
