namespace Ips.Actors.Posix;

/// <summary>How this process was started, as the kernel remembers it: what a successor is started with (docs/pitfalls.md, 9 and
/// 10).</summary>
[SupportedOSPlatform("linux")]
internal static class ProcessStart
{
    /// <summary>argv as it was given to execve(2), argv[0] included, empty arguments kept. Bytes that are not UTF-8 survive:
    /// <see cref="NativeText"/>.</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static IReadOnlyList<string> ReadCommandLine() => SplitAtNul(File.ReadAllBytes("/proc/self/cmdline"));

    /// <summary>The command line of another process.</summary>
    /// <returns>Empty if the process has ended, or may not be looked at.</returns>
    internal static IReadOnlyList<string> TryReadCommandLine(int pid)
    {
        try
        {
            return SplitAtNul(File.ReadAllBytes($"/proc/{pid}/cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The environment that this process was started with, whatever it changed since. Of a name that is there twice the first
    /// counts, as for getenv(3).</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static IReadOnlyDictionary<string, string> ReadStartEnvironment() =>
        ParseEnvironment(SplitAtNul(File.ReadAllBytes("/proc/self/environ")));

    internal static Dictionary<string, string> ParseEnvironment(IEnumerable<string> entries)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) environment.TryAdd(entry[..equals], entry[(equals + 1)..]); // what has no name is no variable
        }

        return environment;
    }

    // Each text ends in a NUL, so that an empty one is seen.
    internal static List<string> SplitAtNul(ReadOnlySpan<byte> bytes)
    {
        var texts = new List<string>();
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)0);
            texts.Add(NativeText.Decode(end < 0 ? bytes : bytes[..end]));
            bytes = end < 0 ? [] : bytes[(end + 1)..];
        }

        return texts;
    }
}
