using System.Text.Json;
using Ips.Testing.Processes;
using Ips.Testing.Reloads;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>What a reload test makes of its options and of the service's answer. The test itself is proved by Ips.Packages.Tests.</summary>
[Trait("issue", "15")]
public sealed class ReloadTestTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("App", "App.runtimeconfig.json", "App.dll", "App")]
    [InlineData("App.dll", "App.runtimeconfig.json", "App.dll")] // published without an executable
    [InlineData("App", "App", "appsettings.json", "libnative.so")] // a single file
    [InlineData(null, "App.runtimeconfig.json", "Other.runtimeconfig.json")]
    [InlineData(null, "appsettings.json")]
    public void Find_InAFolder_IsItsOneProgram(string? expected, params string[] files)
    {
        foreach (var file in files)
        {
            File.WriteAllText(_folder.PathOf(file), "");
            if (!Path.HasExtension(file) || file.EndsWith(".so", StringComparison.Ordinal))
                File.SetUnixFileMode(_folder.PathOf(file), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        if (expected is null) Assert.Throws<ArgumentException>(() => PublishedProgram.Find(".", _folder.Path));
        else Assert.Equal(new PublishedProgram(_folder.Path, expected), PublishedProgram.Find(".", _folder.Path));
    }

    [Fact]
    public void Find_OfAFile_IsThatFile()
    {
        File.WriteAllText(_folder.PathOf("App.dll"), "");
        Assert.Equal(new PublishedProgram(_folder.Path, "App.dll"), PublishedProgram.Find("App.dll", _folder.Path));
        Assert.Throws<ArgumentException>(() => PublishedProgram.Find("Other.dll", _folder.Path));
    }

    [Theory]
    [InlineData("""{"kind":"receipt","final":true,"receipt":{"outcome":"promoted"}}""", null)]
    [InlineData("""{"kind":"receipt","final":true,"receipt":{"outcome":"refused","reason":"it exited"}}""", "refused: it exited")]
    [InlineData("""{"kind":"error","final":true,"message":"the daemon is stopping"}""", "the daemon is stopping")]
    [InlineData("""{"kind":"later"}""", """{"kind":"later"}""")]
    public void Failure_OfTheLastEvent_IsItsReason(string last, string? expected)
    {
        using var json = JsonDocument.Parse(last);
        Assert.Equal(expected, ControlSocket.Failure(json.RootElement));
    }

    [Fact]
    public async Task Run_OptionsOutOfRange_ListsAllOfThem()
    {
        var e = await Assert.ThrowsAsync<ArgumentException>(() => ReloadTest.RunAsync(new()
        {
            App = "x", Paths = ["ping", "/a b"], Reloads = 0, Clients = 3, Timeout = TimeSpan.Zero, Url = new("http://example.org"),
        }));
        Assert.Equal(6, e.Message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public async Task Run_AppThatEndsAtOnce_SaysSoWithItsOutput()
    {
        Executable.Write(_folder.PathOf("App"), "#!/bin/sh\necho no database\nexit 1\n");
        var e = await Assert.ThrowsAsync<ReloadTestException>(() => ReloadTest.RunAsync(new() { App = _folder.Path }));
        Assert.StartsWith("The app ended before it served.", e.Message, StringComparison.Ordinal);
        Assert.Contains("no database", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, e.Report.Requests);
    }
}
