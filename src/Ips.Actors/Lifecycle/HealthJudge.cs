using System.Globalization;
using Ips.Actors.Configuration;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>Judges a successor on probation by its reports. Pure.</summary>
internal static class HealthJudge
{
    /// <summary>The failing checks of a successor that count against it: those that this generation passes at the same time, unless the
    /// operator has said to ignore them.</summary>
    public static IReadOnlyDictionary<string, string> Counted(
        IReadOnlyDictionary<string, string> failing, IReadOnlyDictionary<string, string> failingHere,
            IReadOnlyCollection<string> ignored) =>
        failing.Where(check => !failingHere.ContainsKey(check.Key) && !ignored.Contains(check.Key)).ToDictionary();

    /// <summary>Why this report is a reason to take the role back; null if it is none.</summary>
    public static string? Fault(HealthFrame health, ReloadOptions options)
    {
        if (!health.Ok)
        {
            return health.Reason ?? "its health report is negative";
        }

        var ratio = health.Requests > 0 ? (double)health.Errors / health.Requests : 0;
        return health.Requests >= options.MinRequests && ratio > options.MaxErrorRatio
            ? string.Create(CultureInfo.InvariantCulture,
                $"{health.Errors} of the {health.Requests} requests that it answered failed with a 5xx status: a ratio of {ratio:0.###}, "
                    + $"above ips.reload.max-error-ratio = {options.MaxErrorRatio:0.###}")
            : null;
    }
}
