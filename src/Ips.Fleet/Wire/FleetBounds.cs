using Ips.Actors.Launch;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Wire;

/// <summary>What a message may have in it. A name that leads to a path, a role or an order must be one; lists, texts and times have
/// limits. Pure.</summary>
internal static class FleetBounds
{
    /// <summary>The most nodes of a fleet, and so the most waves of a rollout.</summary>
    public const int MostNodes = 2000;

    /// <summary>The most steps that a node takes in one rollout, with room for kinds that a newer version adds.</summary>
    public const int MostSteps = 16;

    /// <summary>The most characters of a text for people.</summary>
    public const int MostText = StepState.LongestReason;

    /// <summary>The longest bake, and the longest deadline.</summary>
    public static TimeSpan LongestWait { get; } = TimeSpan.FromDays(7);

    /// <summary>A character that a text for people may have: nothing that steers a terminal or begins a new line of a log, and no half
    /// of a pair.</summary>
    public static bool IsPlain(char c) => !char.IsControl(c) && !char.IsSurrogate(c) && c is not ('\u2028' or '\u2029')
        && char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.Format;

    /// <summary>Why a message is not acceptable; null if it is.</summary>
    public static string? Fault(FleetMessage message) => message switch
    {
        FleetMessage.Recall m => Fleet(m.Fleet),
        FleetMessage.Promise m => Epoch(m.Epoch) ?? Plan(m.Plan) ?? Known(m.Aim),
        FleetMessage.Order m => Epoch(m.Epoch) ?? Fleet(m.Fleet) ?? Rollout(m.Rollout) ?? Known(m.Kind),
        FleetMessage.Close m => Epoch(m.Epoch) ?? Receipt(m.Receipt),
        FleetMessage.Recalled m => Node(m.Node) ?? Record(m.Record) ?? Service(m.Service),
        FleetMessage.Promised m => Node(m.Node) ?? Epoch(m.Epoch) ?? Each("steps", m.Steps, MostSteps, Step),
        FleetMessage.Report m => Node(m.Node) ?? Rollout(m.Rollout) ?? Step(m.Step),
        FleetMessage.Refused m => Node(m.Node) ?? Epoch(m.Asked) ?? EpochOrNone(m.Highest) ?? Text("reason", m.Reason),
        FleetMessage.Closed m => Node(m.Node) ?? Rollout(m.Rollout),
        FleetMessage.Begin m => Rollout(m.Id) ?? Fleet(m.Fleet) ?? Terms(m.Terms) ?? Text("operator", m.AskedBy),
        FleetMessage.Steer m => Fleet(m.Fleet) ?? Known(m.Aim) ?? Text("operator", m.AskedBy),
        FleetMessage.Look m => Fleet(m.Fleet),
        FleetMessage.Forget m => Fleet(m.Fleet) ?? Node(m.Node),
        FleetMessage.Answer m => View(m.View) ?? Text("refusal", m.Refusal),
        _ => "it is of no known kind",
    };

    private static string? Fleet(string name) => FleetName.Fault("fleet", name);

    private static string? Node(string name) => FleetName.Fault("node", name);

    private static string? Rollout(string id) => FleetName.Fault("rollout", id);

    private static string? Release(string? name) => name is null ? null : ReleaseName.Fault(name) is null ? null
        : "a release's name is not possible"; // ReleaseName's own text repeats the name, which may be anything here

    private static string? Epoch(Epoch epoch) => epoch.Counter < 1 ? "its epoch is below 1" : Node(epoch.Node);

    private static string? EpochOrNone(Epoch epoch) => epoch == Rollouts.Epoch.None ? null : Epoch(epoch);

    private static string? Known<T>(T value) where T : struct, Enum =>
        Enum.IsDefined(value) ? null : $"its {typeof(T).Name} is not known";

    private static string? Text(string what, string? text) => text switch
    {
        null => null,
        { Length: > MostText } => $"its {what} has {text.Length} characters; at most {MostText} are possible",
        _ when !text.All(IsPlain) => $"its {what} has control characters",
        _ => null,
    };

    private static string? Moment(string what, DateTimeOffset? moment) =>
        moment is { } at && (at.UtcDateTime.Year is < 1970 or > 3000) ? $"its {what} is in the year {at.UtcDateTime.Year}" : null;

    private static string? Wait(string what, TimeSpan wait, TimeSpan least) =>
        wait < least || wait > LongestWait ? $"its {what} is {wait}; it must be between {least} and {LongestWait}" : null;

    private static string? Between(string what, int? value, int least, int most) =>
        value is { } number && (number < least || number > most) ? $"its {what} is {number}; it must be between {least} and {most}" : null;

    private static string? Each<T>(string what, IReadOnlyList<T>? list, int most, Func<T, string?> fault)
    {
        // A list outside the constructor is null if its field is missing: generated code does not know its default.
        if (list is null) return $"it has no list of {what}";
        if (list.Count > most) return $"it has {list.Count} {what}; at most {most} are possible";
        foreach (var entry in list)
        {
            // The reader lets null through in a list.
            if (entry is null) return $"one of its {what} is null";
            if (fault(entry) is { } found) return found;
        }

        return null;
    }

    private static string? Plan(RolloutPlan plan)
    {
        var fault = Rollout(plan.Id) ?? Fleet(plan.Fleet) ?? Release(plan.Release) ?? Wait("bake", plan.Bake, TimeSpan.Zero)
            ?? Wait("deadline", plan.Deadline, TimeSpan.FromMilliseconds(1)) ?? Text("operator", plan.AskedBy)
            ?? Moment("beginning", plan.AskedAt) ?? Each("missing nodes", plan.Missing, MostNodes, Node)
            ?? Each("waves", plan.Waves, MostNodes, wave => Each("nodes", wave, MostNodes, Node));
        if (fault is not null) return fault;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in plan.Nodes)
        {
            if (!seen.Add(node)) return $"node {node} is in it twice";
            if (seen.Count > MostNodes) return $"it has more than {MostNodes} nodes";
        }

        return null;
    }

    private static string? Step(StepState step) => Known(step.Kind) ?? Known(step.Phase) ?? Text("reason", step.Reason)
        ?? Text("serving release", step.Serves) ?? Release(step.Former) ?? Moment("bake", step.BakesSince);

    private static string? Record(FleetRecord record) => EpochOrNone(record.Promised) ?? Each("steps", record.Steps, MostSteps, Step)
        ?? Each("receipts", record.History, FleetRecord.MostReceipts, Receipt) ?? Each("known nodes", record.KnownNodes, MostNodes, Node)
        ?? (record.Plan is { } plan ? Plan(plan) : null) ?? Known(record.Aim);

    private static string? Receipt(RolloutReceipt receipt) => Plan(receipt.Plan) ?? Known(receipt.Outcome)
        ?? Each("nodes", receipt.Nodes, MostNodes, NodeView) ?? Moment("end", receipt.EndedAt) ?? Text("reason", receipt.Reason);

    private static string? NodeView(NodeView node) => Node(node.Node) ?? FleetName.Fault("state", node.State)
        ?? Text("release", node.Release) ?? Text("reason", node.Reason) ?? Between("wave", node.Wave, 1, MostNodes);

    private static string? View(FleetView view) => Fleet(view.Fleet) ?? (view.Coordinator is { } node ? Node(node) : null)
        ?? Each("nodes", view.Nodes, MostNodes, NodeView) ?? (view.Rollout is { } plan ? Plan(plan) : null) ?? Known(view.Aim)
        ?? Text("phase", view.Phase) ?? Each("receipts", view.History, FleetRecord.MostReceipts, Receipt);

    private static string? Service(ServiceView? service) => service is null ? null : Text("state", service.State)
        ?? Text("release", service.Release) ?? Between("generation", service.Generation, 0, int.MaxValue) ?? Text("fault", service.Fault);

    private static string? Terms(RolloutTerms terms) => Wait("bake", terms.Bake, TimeSpan.Zero)
        ?? Wait("deadline", terms.Deadline, TimeSpan.FromMilliseconds(1)) ?? Release(terms.Release)
        ?? Between("canary", terms.Canary, 0, MostNodes) ?? Between("wave", terms.WaveNodes, 1, MostNodes)
        ?? Between("wave's percentage", terms.WavePercent, 1, 100) ?? Between("number of missing nodes", terms.AllowMissing, 0, MostNodes);
}
