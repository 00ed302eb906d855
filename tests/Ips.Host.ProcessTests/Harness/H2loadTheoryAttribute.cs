namespace Ips.Host.ProcessTests.Harness;

/// <summary>A test with h2load; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class H2loadTheoryAttribute : TheoryAttribute
{
    public H2loadTheoryAttribute()
    {
        var folders = Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [];
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "h2load")))) Skip = "There is no h2load: apt-get install nghttp2-client.";
    }
}
