using System.Runtime.InteropServices;

namespace Ips.Bench;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Describe() =>
        $"{Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}, load average {Load()} before the run";

    /// <summary>The load average of the last minute: what else ran on the machine.</summary>
    public static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];
}
