using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Wire;

/// <summary>One full message of each kind.</summary>
internal static class Samples
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static Epoch Epoch { get; } = new(7, "web-1");

    public static RolloutPlan Plan { get; } = new("r-1", "web", [["web-1"], ["web-2", "web-3"]], TimeSpan.FromSeconds(60),
        TimeSpan.FromMinutes(5), "anna on web-1", Noon)
    {
        Release = "1.4.0+a1", RollsBack = true, ChecksOnly = false, Missing = ["web-9"],
    };

    public static StepState Step { get; } = new(StepKind.Reload, StepPhase.Failed)
    {
        Reason = "it was not healthy: 503 – \"busy\"", Changed = true, Serves = "1.4.0+a1", Former = "1.3.9", BakesSince = Noon,
    };

    public static NodeView Node { get; } = new("web-1", "failed") { Release = "1.4.0+a1", Reason = "503", Wave = 1 };

    public static RolloutReceipt Receipt { get; } = new(Plan, RolloutOutcome.Halted, [Node], Noon.AddMinutes(2))
    {
        Reason = "web-1 failed",
    };

    public static ServiceView Service { get; } = new("running") { Release = "1.3.9", Generation = 4, Fault = "slow" };

    public static FleetRecord Record { get; } = new(Epoch, [Step], [Receipt], ["web-1", "web-2"]) { Plan = Plan, Aim = RolloutAim.Pause };

    public static FleetView View { get; } = new("web", "web-2", [Node])
    {
        Rollout = Plan, Aim = RolloutAim.RollBack, Phase = "waits for web-2", History = [Receipt],
    };

    public static IReadOnlyList<FleetMessage> All { get; } =
    [
        new FleetMessage.Recall("web"),
        new FleetMessage.Promise(Epoch, Plan, RolloutAim.Advance),
        new FleetMessage.Order(Epoch, "web", "r-1", StepKind.RollBack),
        new FleetMessage.Close(Epoch, Receipt),
        new FleetMessage.Recalled("web-1", Record) { Restarted = true, Service = Service },
        new FleetMessage.Promised("web-1", Epoch, [Step]),
        new FleetMessage.Report("web-1", "r-1", Step),
        new FleetMessage.Refused("web-1", Epoch, Epoch.None, "a lower epoch"),
        new FleetMessage.Closed("web-1", "r-1"),
        new FleetMessage.Begin("r-2", "web", new RolloutTerms(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(90))
        {
            Release = "1.5", Canary = 1, WaveNodes = 2, WavePercent = 25, RollsBack = true, ChecksOnly = true, AllowMissing = 1,
        }, "anna on web-1"),
        new FleetMessage.Steer("web", RolloutAim.Halt, "bob on web-2"),
        new FleetMessage.Look("web"),
        new FleetMessage.Forget("web", "web-9"),
        new FleetMessage.Answer(View) { Refusal = "anna reloads it since 12:00 (wave 1 of 2)" },
    ];
}
