using System.Runtime.Versioning;
using Ips.Testing;
using Xunit;
using Xunit.Abstractions;

namespace IpsWeb1.Tests;

[SupportedOSPlatform("linux")]
public sealed class ReloadTests(ITestOutputHelper output)
{
    [LinuxFact]
    public async Task Reload_UnderLoad_FailsNoRequest()
    {
        var report = await ReloadTest.RunAsync(new ReloadTestOptions
        {
            App = "apps/IpsWeb1",
            Paths = ["/"], // add those that your users request
            Reloads = 3,
            // How long each new release is on probation. In production it is longer.
            Environment = new Dictionary<string, string?> { ["Ips__Reload__Probation"] = "00:00:01" },
        });
        output.WriteLine($"{report}");
    }
}

/// <summary>Skips a test elsewhere than on Linux: there is nothing to reload.</summary>
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Reloads need Linux.";
}
