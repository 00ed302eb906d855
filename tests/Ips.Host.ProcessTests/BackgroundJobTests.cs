using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ips.Actors.Control;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What an app starts and ends by <c>IIpsGeneration</c>, or adds by <c>AddIpsHostedService</c>, runs in one generation at a time,
/// and hardly stops in between. See ExclusiveJob and PrimaryJob of Ips.SampleApp.</summary>
[Collection(Alone.Name)] // how long the job stops is measured
public class BackgroundJobTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", RolledBack = "rolled-back";

    /// <summary>Good ones, refused ones and those that are rolled back from probation, in turn.</summary>
    protected virtual int Reloads => 6;

    [Theory]
    [InlineData("Sample:JobFolder")]
    [InlineData("Sample:PrimaryJobFolder")]
    public async Task Reload_GoodAndBadInTurn_JobRunsInOneGenerationAtATimeAndStopsForTheHandoverAtMost(string option)
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(RolledBack, Binaries.SampleAppFolder);
        releases.Mark(RolledBack, SampleMarks.DiesWhenServing);
        var refused = BadSuccessor.All.Single(one => one.Name == "is welcomed and exits");
        refused.Put(releases.PathOf(refused.Name));
        releases.SwitchTo(Good);
        var jobFolder = Directory.CreateDirectory(Path.Combine(Folder, "job")).FullName;
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp),
            Probation = TimeSpan.FromMilliseconds(300),
            More = [$"--{option}={jobFolder}"],
        });

        Dictionary<int, TimeSpan> handovers = []; // by the generation that took over
        for (var reload = 1; reload <= Reloads; reload++)
        {
            var release = (reload % 3) switch { 1 => Good, 2 => RolledBack, _ => refused.Name };
            releases.SwitchTo(release);
            await WaitForTurnsAsync(jobFolder, service.MainPid, 3);
            var result = await IpsCommand.RunAsync("reload", "--json", "--pid-file", service.PidFile);
            var receipt = JsonSerializer.Deserialize(Assert.Single(result.Output), ControlJson.Default.ReloadReceipt)!;
            Assert.Equal(release switch { Good => "promoted", RolledBack => "rolled-back", _ => "refused" }, receipt.Outcome);
            // Both served in this time, the probation included, and what follows it is the handover of the role.
            if (release == Good) handovers.Add(receipt.NewGeneration,
                TimeSpan.FromMilliseconds(receipt.PhasesMs!["promoted"] - receipt.PhasesMs["serving"]));
        }

        await WaitForTurnsAsync(jobFolder, service.MainPid, 3);
        await service.StopAsync();

        var lines = Directory.EnumerateFiles(jobFolder, "journal.*").SelectMany(File.ReadLines).ToList();
        Assert.DoesNotContain(lines, line => line.StartsWith("conflict", StringComparison.Ordinal));
        var turns = lines.Select(Turn.Parse).OrderBy(turn => turn.Begun).ToList();
        TimeSpan longest = default, longestHandover = default;
        foreach (var (turn, next) in turns.Zip(turns.Skip(1)))
        {
            var pause = Stopwatch.GetElapsedTime(turn.Ended, next.Begun);
            Assert.True(pause >= TimeSpan.Zero, $"{turn} and {next} ran at once.");
            if (turn.Generation == next.Generation)
            {
                longest = pause > longest ? pause : longest;
                continue;
            }

            Assert.Equal(turn.Generation + 1, next.Generation);
            Assert.True(pause <= handovers[next.Generation],
                $"The job stopped for {pause}, and the handover to generation {next.Generation} took {handovers[next.Generation]}.");
            longestHandover = pause > longestHandover ? pause : longestHandover;
        }

        // A release that fails does not stop the job at all; what is left is the machine's own delay.
        Assert.True(longest <= handovers.Values.Max(), $"The job stopped for {longest} within one generation.");
        Assert.Equal(handovers.Count + 1, turns.DistinctBy(turn => turn.Generation).Count());
        Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{turns.Count} turns in {handovers.Count + 1} generations, {Reloads} reloads. Longest pause between two generations "
                + $"{longestHandover.TotalMilliseconds:0} ms (of handovers that took up to {handovers.Values.Max().TotalMilliseconds:0} "
                + $"ms), within one {longest.TotalMilliseconds:0} ms."));
    }

    private static Task WaitForTurnsAsync(string folder, int pid, int count)
    {
        var journal = Path.Combine(folder, $"journal.{pid}");
        var before = Length();
        return Eventually.TrueAsync(() => Length() >= before + count, $"{count} turns of the job in {pid}");

        int Length() => File.Exists(journal) ? File.ReadAllLines(journal).Length : 0;
    }

    private sealed record Turn(int Generation, long Begun, long Ended)
    {
        public static Turn Parse(string line)
        {
            var words = line.Split(' ');
            Assert.Equal("ran", words[0]);
            return new(int.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture),
                long.Parse(words[3], CultureInfo.InvariantCulture));
        }
    }
}
