using System.Globalization;

namespace Ips.Bench.Peers;

/// <summary>What /proc tells of a process's session and memory. See proc(5).</summary>
internal static class ProcessMemory
{
    /// <summary>The session, by its leader's PID; null if there is no such process.</summary>
    public static int? SessionOf(int pid) =>
        // The state is the first word after the program's name in parentheses, which may hold anything; then parent, group, session.
        Read($"/proc/{pid}/stat") is { } stat ? int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3], CultureInfo.InvariantCulture)
            : null;

    /// <summary>The memory of processes in MB (10^6 bytes), pages that several share divided among them: the sum of their proportional set
    /// sizes.</summary>
    public static double PssMegabytes(IEnumerable<int> pids) => pids.Sum(PssKibibytes) * 1024 / 1e6;

    private static long PssKibibytes(int pid)
    {
        foreach (var line in Read($"/proc/{pid}/smaps_rollup")?.Split('\n') ?? [])
        {
            if (line.StartsWith("Pss:", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan("Pss:".Length).TrimStart().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
            }
        }

        return 0; // it has ended
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null; // no such process, or it ended between open and read
        }
    }
}
