using System.Globalization;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>What a hostile process has noted of its sessions, to the moment at which it was killed.</summary>
internal static class PeerJournal
{
    /// <summary>The sessions that it began, each with the number of packets that it sent.</summary>
    public static IReadOnlyList<(int Session, int Sent)> Read(string path) => !File.Exists(path) ? [] :
        [.. File.ReadAllLines(path).Where(line => line.Length > 0).Select(line => line.Split(' '))
            .Select(parts => (int.Parse(parts[0], CultureInfo.InvariantCulture), parts.Length > 1 ? parts[1].Length : 0))];
}
