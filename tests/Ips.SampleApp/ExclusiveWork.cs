using System.Diagnostics;
using System.Globalization;

namespace Ips.SampleApp;

/// <summary>
/// Work that must never be done twice at once, in short turns. Each turn makes a file that must not be there, and ends with a line in this
/// process's journal: generation, begin and end by the monotonic clock.
/// </summary>
internal static class ExclusiveWork
{
    private const int FileExists = 17; // EEXIST, which is what .NET reports of open(2) with O_EXCL

    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(5);

    /// <summary>Works until it is told to stop.</summary>
    public static async Task RunAsync(string folder, int generation, CancellationToken stop)
    {
        var (marker, journal) = (Path.Combine(folder, "running"), Path.Combine(folder, $"journal.{Environment.ProcessId}"));
        while (!stop.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                using var exclusive = new FileStream(marker, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1,
                    FileOptions.DeleteOnClose);
                await Task.Delay(s_turn, CancellationToken.None);
            }
            catch (IOException e) when (e.HResult == FileExists)
            {
                Append(journal, $"conflict {generation}");
                await Task.Delay(s_turn, CancellationToken.None);
                continue;
            }

            Append(journal, string.Create(CultureInfo.InvariantCulture, $"ran {generation} {begun} {Stopwatch.GetTimestamp()}"));
        }
    }

    private static void Append(string path, string line) => File.AppendAllText(path, line + "\n");
}
