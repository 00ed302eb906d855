namespace Ips.Host.ProcessTests.Harness;

/// <summary>A test with h2load; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class H2loadFactAttribute : FactAttribute
{
    public H2loadFactAttribute() => Skip = H2loadRun.WhyNot;
}
