using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>How the app finds itself.</summary>
/// <param name="Fault">What fails beside the app's health checks, such as the warm-up; null if nothing does.</param>
/// <param name="Failing">The health checks that fail, by name, with the reason.</param>
internal sealed record ProbeResult(string? Fault, IReadOnlyDictionary<string, string> Failing)
{
    /// <summary>Everything passes.</summary>
    public static ProbeResult Healthy { get; } = new(null, new Dictionary<string, string>());

    /// <summary>Everything that fails, in one line; null if nothing does.</summary>
    public string? Reason => Fault ?? (Failing.Count == 0 ? null : Describe(Failing));

    /// <summary>The failing checks for a peer that judges them by name; null if there are none, or a judge could not tell them
    /// apart.</summary>
    public IReadOnlyDictionary<string, string>? FailingForJudge =>
        Fault is not null || Failing.Count is 0 or > FrameRules.MaxChecks
            || Failing.Keys.Any(name => name.Length is 0 or > FrameRules.MaxNameLength)
            ? null
            : Failing.ToDictionary(
                check => check.Key, check => check.Value.Length <= FrameRules.MaxTextLength ? check.Value
                    : check.Value[..FrameRules.MaxTextLength]);

    /// <summary>A fault that is no check's.</summary>
    public static ProbeResult Of(string? fault) => fault is null ? Healthy : Healthy with { Fault = fault };

    /// <summary>Failing checks in one line.</summary>
    public static string Describe(IEnumerable<KeyValuePair<string, string>> failing) =>
        string.Join("; ", failing.Select(check => $"health check '{check.Key}' is unhealthy: {check.Value}"));
}
