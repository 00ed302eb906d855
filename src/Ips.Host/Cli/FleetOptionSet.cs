using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Ips.Fleet.Rollouts;

namespace Ips.Host.Cli;

/// <summary>The options of a rollout.</summary>
internal sealed class FleetOptionSet
{
    private static readonly TimeSpan DefaultBake = TimeSpan.FromSeconds(30), DefaultDeadline = TimeSpan.FromMinutes(10);

    private readonly Option<string> _release = CliOptions.Text("--release", "NAME",
        "The release to start on each node, a folder in its releases/. Default: the release in place.");

    private readonly Option<int?> _canary = Count("--canary", "Reload so many nodes first, alone. Default: 0.", 0);

    private readonly Option<(int? Nodes, int? Percent)?> _wave = new("--wave")
    {
        Description = "Nodes that are reloaded at the same time: a number, or a share of all nodes. "
            + $"Default: {RolloutPlanner.DefaultWavePercent}%.",
        HelpName = "N|N%",
        CustomParser = ParseWave,
    };

    private readonly Option<TimeSpan?> _bake = CliOptions.Duration("--bake",
        "How long a node must stay healthy after its promotion until it counts. Default: 30s.", TimeSpan.Zero, RolloutPlanner.MostBake);

    private readonly Option<TimeSpan?> _deadline = CliOptions.Duration("--deadline",
        "How long a node may take for its reload, without the bake; a node that is silent longer counts as failed. Default: 10m.",
        RolloutPlanner.LeastDeadline, RolloutPlanner.MostDeadline);

    private readonly Option<string> _onFailure = CliOptions.Choice("--on-failure",
        "At the first failure leave each node as it is, or take the promoted nodes back, newest first. Default: halt.", "halt", "rollback");

    private readonly Option<int?> _allowMissing = Count("--allow-missing",
        "Begin although so many known nodes cannot be reached; they keep their release. Default: 0.", 0);

    /// <summary>The names of the options.</summary>
    internal IEnumerable<string> Names => [_release.Name, _canary.Name, _wave.Name, _bake.Name, _deadline.Name, _onFailure.Name,
        _allowMissing.Name];

    /// <summary>Puts the options on a verb.</summary>
    internal void AddTo(Command command)
    {
        command.Add(_release);
        command.Add(_canary);
        command.Add(_wave);
        command.Add(_bake);
        command.Add(_deadline);
        command.Add(_onFailure);
        command.Add(_allowMissing);
    }

    /// <summary>What was typed.</summary>
    internal RolloutTerms Read(ParseResult result) =>
        new(result.GetValue(_bake) ?? DefaultBake, result.GetValue(_deadline) ?? DefaultDeadline)
        {
            Release = result.GetValue(_release),
            Canary = result.GetValue(_canary) ?? 0,
            WaveNodes = result.GetValue(_wave)?.Nodes,
            WavePercent = result.GetValue(_wave)?.Percent,
            RollsBack = result.GetValue(_onFailure) == "rollback",
            AllowMissing = result.GetValue(_allowMissing) ?? 0,
        };

    private static Option<int?> Count(string name, string description, int least) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least) return count;
            result.AddError($"{name} is {CliOptions.Shown(text)}; it must be a number from {least}.");
            return null;
        },
    };

    private static (int? Nodes, int? Percent)? ParseWave(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var share = text.EndsWith('%');
        if (int.TryParse(share ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1
            && (!share || count <= 100)) return share ? (null, count) : (count, null);
        result.AddError($"--wave is {CliOptions.Shown(text)}; it must be a number from 1, or from 1% to 100%.");
        return null;
    }
}
