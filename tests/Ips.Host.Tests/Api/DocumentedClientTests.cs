using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ips.Host.Api;
using Ips.Host.Tests.Inventory;

namespace Ips.Host.Tests.Api;

/// <summary>The client in shell of docs/api.md, and every example there that uses it.</summary>
[Trait("issue", "11")]
public sealed partial class DocumentedClientTests
{
    [ShellFact]
    public async Task Examples_OfTheDocumentation_AreAnsweredAsItSays()
    {
        await using var server = await ApiServer.StartAsync();
        await server.PutAsync(Items.Host("sample-h001", "10.1.162.18"));
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "api.md"));
        var client = Assert.Single(Client().Matches(text)).Value;
        var examples = Example().Matches(text).Select(match => match.Value).ToList();
        Assert.True(examples.Count >= 7, $"Only {examples.Count} examples were found.");
        foreach (var example in examples)
        {
            using var answer = JsonDocument.Parse(await RunAsync($"{client}\n{example}", server.Address));
            var expected = example.Contains("If-Match", StringComparison.Ordinal) ? ApiCode.Other : ApiCode.Success;
            Assert.True((int)expected == answer.RootElement.GetProperty("code").GetInt32(), $"{example}: {answer.RootElement}");
        }
    }

    private static async Task<string> RunAsync(string script, Uri address)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", script])
        {
            RedirectStandardOutput = true,
            Environment = { ["KEY"] = ApiServer.ReadWriteKey, ["SECRET"] = ApiServer.SecretOf(ApiServer.ReadWriteKey),
                ["BASE"] = $"http://{address.Authority}", ["NO_PROXY"] = "*" },
        })!;
        var output = await shell.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await shell.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, shell.ExitCode);
        return output;
    }

    [GeneratedRegex(@"^sign\(\) \{$.*?^\}$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Client();

    [GeneratedRegex(@"^sign [A-Z]+ .*$", RegexOptions.Multiline)]
    private static partial Regex Example();

    /// <summary>Skipped visibly where the client's programs are missing.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ShellFactAttribute : FactAttribute
    {
        public ShellFactAttribute()
        {
            var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
            var missing = new[] { "bash", "curl", "openssl" }.Where(program =>
                !folders.Any(folder => File.Exists(Path.Combine(folder, program)))).ToList();
            if (missing.Count > 0) Skip = $"{string.Join(", ", missing)} not installed.";
        }
    }
}
