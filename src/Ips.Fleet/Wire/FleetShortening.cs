using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Wire;

/// <summary>Makes texts for people fit before they are sent: no reason is worth a message that does not arrive. Pure.</summary>
internal static class FleetShortening
{
    private const int ShortReason = 80;

    /// <summary>The message with each text for people on one line and within its bounds.</summary>
    public static FleetMessage Tidy(FleetMessage message) => message switch
    {
        FleetMessage.Close m => m with { Receipt = Tidy(m.Receipt) },
        FleetMessage.Recalled m => m with { Record = Tidy(m.Record), Service = m.Service is { } s ? Tidy(s) : null },
        FleetMessage.Promised m => m with { Steps = [.. m.Steps.Select(Tidy)] },
        FleetMessage.Report m => m with { Step = Tidy(m.Step) },
        FleetMessage.Refused m => m with { Reason = Line(m.Reason)! },
        FleetMessage.Promise m => m with { Plan = Tidy(m.Plan) },
        FleetMessage.Begin m => m with { AskedBy = Line(m.AskedBy)! },
        FleetMessage.Steer m => m with { AskedBy = Line(m.AskedBy)! },
        FleetMessage.Answer m => m with { View = Tidy(m.View), Refusal = Line(m.Refusal) },
        _ => message,
    };

    /// <summary>A smaller message that says the same to an agent; null if none is left.</summary>
    public static FleetMessage? Shorter(FleetMessage message) => message switch
    {
        FleetMessage.Recalled { Record.History: [_, ..] history } m => m with { Record = m.Record with { History = [.. history.Skip(1)] } },
        FleetMessage.Answer { View.History: [_, ..] history } m => m with { View = m.View with { History = [.. history.Skip(1)] } },
        FleetMessage.Answer m when Shorter(m.View.Nodes) is { } nodes => m with { View = m.View with { Nodes = nodes } },
        FleetMessage.Close m when Shorter(m.Receipt.Nodes) is { } nodes => m with { Receipt = m.Receipt with { Nodes = nodes } },
        _ => null,
    };

    private static List<NodeView>? Shorter(IReadOnlyList<NodeView> nodes)
    {
        if (nodes.Any(node => node.Reason is { Length: > ShortReason }))
            return [.. nodes.Select(node =>
                node.Reason is { Length: > ShortReason } reason ? node with { Reason = Cut(reason, ShortReason) } : node)];
        return nodes.Any(node => node.Reason is not null) ? [.. nodes.Select(node => node with { Reason = null })] : null;
    }

    private static FleetRecord Tidy(FleetRecord record) => record with
    {
        Steps = [.. record.Steps.Select(Tidy)],
        History = [.. record.History.Select(Tidy)],
        Plan = record.Plan is { } plan ? Tidy(plan) : null,
    };

    private static FleetView Tidy(FleetView view) => view with
    {
        Nodes = [.. view.Nodes.Select(Tidy)],
        History = [.. view.History.Select(Tidy)],
        Rollout = view.Rollout is { } plan ? Tidy(plan) : null,
        Phase = Line(view.Phase),
    };

    private static RolloutReceipt Tidy(RolloutReceipt receipt) => receipt with
    {
        Plan = Tidy(receipt.Plan),
        Nodes = [.. receipt.Nodes.Select(Tidy)],
        Reason = Line(receipt.Reason),
    };

    private static RolloutPlan Tidy(RolloutPlan plan) => plan with { AskedBy = Line(plan.AskedBy)! };

    private static NodeView Tidy(NodeView node) => node with { Reason = Line(node.Reason), Release = Line(node.Release) };

    private static StepState Tidy(StepState step) => step with { Reason = Line(step.Reason), Serves = Line(step.Serves) };

    private static ServiceView Tidy(ServiceView service) => service with
    {
        State = Line(service.State)!,
        Release = Line(service.Release),
        Fault = Line(service.Fault),
    };

    private static string? Line(string? text)
    {
        if (text is null) return null;
        if (text.Any(c => !FleetBounds.IsPlain(c))) text = string.Concat(text.Select(c => FleetBounds.IsPlain(c) ? c : ' '));
        return text.Length <= FleetBounds.MostText ? text : Cut(text, FleetBounds.MostText);
    }

    private static string Cut(string text, int length) => string.Concat(text.AsSpan(0, length - 1), "…");
}
