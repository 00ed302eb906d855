using System.Runtime.InteropServices;
using System.Xml.Linq;
using Ips.Testing.Processes;

namespace Ips.Packages.Tests;

/// <summary>All packages in a feed of their own, and an empty folder that knows nothing else: an empty cache of packages, and an app made
/// from the template. Packages of others come from the machine's own source.</summary>
[CollectionDefinition(nameof(Feed))]
public sealed class Feed : IAsyncLifetime, IDisposable, ICollectionFixture<Feed>
{
    private readonly TempFolder _folder = new();

    /// <summary>The name of the app.</summary>
    public const string App = "Shop";

    /// <summary>The version of all packages.</summary>
    public static string Version { get; } = XDocument.Load(Path.Combine(SourceTree.Root, "Directory.Build.props"))
        .Descendants("Version").Single().Value;

    /// <summary>Where the packages are.</summary>
    public string Packages => _folder.PathOf("packages");

    /// <summary>The folder of the app from the template.</summary>
    public string AppFolder => _folder.PathOf("work", App);

    /// <summary>The kind of machine, as packages name it.</summary>
    public string RuntimeId { get; } = $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>No caches, settings or servers of the machine's user, and nothing that outlives a command.</summary>
    internal IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?>
    {
        ["NUGET_PACKAGES"] = _folder.PathOf("cache"),
        ["DOTNET_CLI_HOME"] = _folder.PathOf("home"),
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
    };

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        var pack = await Command.RunAsync(Path.Combine(SourceTree.Root, "build.sh"),
            ["pack", $"-p:ToolPackageRuntimeIdentifiers={RuntimeId}"], SourceTree.Root,
            new Dictionary<string, string?> { ["IPS_PACKAGES"] = Packages, ["MSBUILDDISABLENODEREUSE"] = "1" });
        Assert.True(pack.ExitCode == 0, pack.Output);
        Directory.CreateDirectory(_folder.PathOf("work"));
        await File.WriteAllTextAsync(_folder.PathOf("work", "nuget.config"),
            $"""<configuration><packageSources><add key="feed" value="{Packages}" /></packageSources></configuration>""");
        await DotnetAsync(_folder.PathOf("work"), "new", "install", "Ips.Templates", "--add-source", Packages);
        await DotnetAsync(_folder.PathOf("work"), "new", "ips-web", "--name", App);
    }

    /// <inheritdoc/>
    public Task DisposeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    /// <summary>The path of something in the folder.</summary>
    public string PathOf(params ReadOnlySpan<string> parts) => _folder.PathOf(parts);

    /// <summary>Runs <c>dotnet</c>, which must succeed.</summary>
    internal async Task<string> DotnetAsync(string folder, params IReadOnlyList<string> arguments)
    {
        var result = await TryDotnetAsync(folder, arguments);
        Assert.True(result.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: exit code {result.ExitCode}\n{result.Output}");
        return result.Output;
    }

    /// <summary>Runs <c>dotnet</c>.</summary>
    internal Task<CommandResult> TryDotnetAsync(
        string folder, IReadOnlyList<string> arguments, params IReadOnlyList<(string Name, string Value)> more)
    {
        var environment = new Dictionary<string, string?>(Environment);
        foreach (var (name, value) in more) environment[name] = value;
        return Command.RunAsync("dotnet", arguments, folder, environment);
    }
}
