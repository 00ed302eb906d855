using System.Runtime.CompilerServices;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What the runtimes of all started processes are told: most of them live for seconds, and what they would compile once more for
/// speed is never used. This process itself compiles as always: it makes the load.</summary>
internal static class ChildRuntime
{
    // 0.1 s by default; who lives for longer than this is as quick as ever.
    private const string DelayVariable = "DOTNET_TC_CallCountingDelayMs", Delay = "2710"; // hexadecimal: 10 s

    [ModuleInitializer]
    internal static void Set()
    {
        if (Environment.GetEnvironmentVariable(DelayVariable) is null) Environment.SetEnvironmentVariable(DelayVariable, Delay);
    }
}
