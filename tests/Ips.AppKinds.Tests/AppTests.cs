using System.Net;
using Ips.Testing.Processes;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ips.AppKinds.Tests;

/// <summary>The test project that an author of an app has, which knows nothing of Ips: its tests pass with the line in the app, and leave
/// nothing behind.</summary>
/// <remarks>A project of its own: what it references makes Ips inert in the whole test process, and tests of hosts in which Ips works are
/// in the others.</remarks>
public sealed class AppTests : IDisposable
{
    private const string RunFolder = "XDG_RUNTIME_DIR";
    private readonly TempFolder _folder = new();
    private readonly string? _before = Environment.GetEnvironmentVariable(RunFolder);

    public AppTests() => Environment.SetEnvironmentVariable(RunFolder, _folder.Path);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(RunFolder, _before);
        _folder.Dispose();
    }

    [Fact]
    public async Task Factory_TestServer_Answers()
    {
        await using var factory = new WebApplicationFactory<Program>();
        using var client = factory.CreateClient();
        await AssertAnswersAsync(client);
        AssertNoTrace();
        var generation = factory.Services.GetRequiredService<IIpsGeneration>();
        Assert.Equal((1, true), (generation.Number, generation.IsPrimary));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task Factories_TwoOnKestrel_Answer()
    {
        await using var first = new WebApplicationFactory<Program>();
        await using var second = new WebApplicationFactory<Program>();
        foreach (var factory in (WebApplicationFactory<Program>[])[first, second])
        {
            factory.UseKestrel(0);
            factory.StartServer();
        }

        using var firstClient = first.CreateClient();
        using var secondClient = second.CreateClient();
        Assert.NotEqual(firstClient.BaseAddress, secondClient.BaseAddress);
        await AssertAnswersAsync(firstClient);
        await AssertAnswersAsync(secondClient);
        AssertNoTrace();
    }

    [Fact]
    public async Task Factory_WhileTheAppRuns_Answers()
    {
        var port = FreePort.Next();
        await using var app = DaemonProcess.Start("dotnet", [AppPath(), "minimal", "--urls", $"http://127.0.0.1:{port}"]);
        await Eventually.TrueAsync(() => Directory.GetFiles(_folder.Path, "*.last-good").Length == 1, "an app that runs"); // its last file
        var files = Directory.GetFileSystemEntries(_folder.Path);

        await using var factory = new WebApplicationFactory<Program>();
        factory.UseKestrel(0);
        factory.StartServer();
        using var client = factory.CreateClient();
        await AssertAnswersAsync(client);
        Assert.Equal(files.Order(), Directory.GetFileSystemEntries(_folder.Path).Order());
        using var other = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await AssertAnswersAsync(other);
    }

    private static async Task AssertAnswersAsync(HttpClient client)
    {
        Assert.Equal("Hello World!", await client.GetStringAsync("/"));
        Assert.Equal("""{"greeting":"Hello tester"}""", await client.GetStringAsync("/kind?name=tester"));
    }

    private void AssertNoTrace()
    {
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.DoesNotContain(ProcessTable.ThreadNames(Environment.ProcessId), name => name.StartsWith("ips", StringComparison.Ordinal));
    }

    // The app as it is built, not the copy beside the tests.
    private static string AppPath()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        return Path.Combine(own.Parent!.Parent!.FullName, "Ips.AppKinds", own.Name, "Ips.AppKinds.dll");
    }
}
