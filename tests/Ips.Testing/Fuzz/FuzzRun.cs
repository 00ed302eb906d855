using System.Collections.Concurrent;
using System.Globalization;
using Ips.Testing.Load;

namespace Ips.Testing.Fuzz;

/// <summary>Many random clients, some at once, and the verdicts of the model.</summary>
internal sealed class FuzzRun
{
    private readonly ConcurrentQueue<(FuzzScript Script, FuzzObservation Seen)> _runs = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private int _next = -1;

    private FuzzRun()
    {
    }

    /// <summary>Environment variable: another seed.</summary>
    public const string SeedVariable = "IPS_FUZZ_SEED";

    /// <summary>Environment variable: another number of connections.</summary>
    public const string ConnectionsVariable = "IPS_FUZZ_CONNECTIONS";

    /// <summary>What must not be, each with its script and what was seen.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Connections to which more than one generation has answered.</summary>
    public int Moved => _runs.Count(run => run.Seen.SawMove);

    /// <summary>Connections that came back with a rollback.</summary>
    public int Returned => _runs.Count(run => run.Seen.SawReturn);

    /// <summary>Connections that the server closed politely, unasked.</summary>
    public int ClosedPolitely => _runs.Count(run => run.Script.Ending is not FuzzEnding.AsksClose
        && run.Seen.Answers.Any(answer => answer.Close));

    /// <summary>How many clients have ended.</summary>
    public int Ended => _runs.Count;

    /// <summary>Carries the scripts out.</summary>
    /// <param name="seed">Makes them.</param>
    /// <param name="connections">How many.</param>
    /// <param name="atOnce">How many at once.</param>
    /// <param name="target">Whom they connect to.</param>
    /// <param name="timeout">For one of them.</param>
    /// <param name="suits">Whether the server can answer a script as <see cref="FuzzModel"/> says; others are left out. Null: all of
    /// them.</param>
    public static async Task<FuzzRun> RunAsync(int seed, int connections, int atOnce, LoadTarget target, TimeSpan timeout,
        Func<FuzzScript, bool>? suits = null)
    {
        var run = new FuzzRun();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => run.WorkAsync(seed, connections, target, timeout, suits)));
        return run;
    }

    /// <summary>A number of the environment's.</summary>
    public static int Setting(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>Compares what the app was given as well, once no client is left.</summary>
    public void JudgeJournal(string folder)
    {
        foreach (var fault in FuzzModel.JudgeJournal(_runs, FuzzJournal.Read(folder)))
        {
            var told = _runs.Where(run => run.Script.Requests.Append(run.Script.Half)
                .Any(request => request is not null && fault.Contains($"{request.Id} ", StringComparison.Ordinal)))
                .Select(run => Describe(run.Script, run.Seen));
            _faults.Enqueue($"{fault}{string.Concat(told)}");
        }
    }

    /// <summary>Counts of what the run has met.</summary>
    public override string ToString()
    {
        var answers = _runs.SelectMany(run => run.Seen.Answers).ToList();
        var kinds = _runs.SelectMany(run => run.Script.Requests.Take(run.Seen.Answers.Count)).CountBy(request => request.Kind)
            .OrderBy(count => count.Key, StringComparer.Ordinal);
        var endings = _runs.CountBy(run => run.Script.Ending).OrderBy(count => count.Key);
        return string.Create(CultureInfo.InvariantCulture,
            $"{_runs.Count} connections, {answers.Count} answers of {answers.Select(answer => answer.Generation).Distinct().Count()} "
                + $"generations, {Moved} connections answered by more than one, {Returned} by an older one again, {ClosedPolitely} "
                + $"closed politely, {answers.Count(answer => answer.Continues > 0)} answers after a 100{Environment.NewLine}")
            + $"{string.Join(", ", endings.Select(count => $"{count.Key} {count.Value}"))}{Environment.NewLine}"
            + string.Join(", ", kinds.Select(count => $"{count.Key} {count.Value}"));
    }

    private async Task WorkAsync(int seed, int connections, LoadTarget target, TimeSpan timeout, Func<FuzzScript, bool>? suits)
    {
        for (int number; (number = Interlocked.Increment(ref _next)) < connections;)
        {
            var script = FuzzScript.Make(seed, number);
            if (suits?.Invoke(script) is false) continue;
            var seen = await FuzzClient.RunAsync(script, target, timeout);
            _runs.Enqueue((script, seen));
            if (FuzzModel.Judge(script, seen) is { } fault) _faults.Enqueue($"{fault}{Describe(script, seen)}");
        }
    }

    private static string Describe(FuzzScript script, FuzzObservation seen) =>
        $"{Environment.NewLine}    {script}{Environment.NewLine}    saw {seen}";
}
