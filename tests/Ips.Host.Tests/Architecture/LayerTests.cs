using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>The folders of a project are layers: each may use those below it, and none beside or above it (ARCHITECTURE.md).</summary>
public sealed class LayerTests
{
    private static readonly LayerScan Library = new("Ips.Actors",
        "Posix",
        "Diagnostics Configuration",
        "Handover",
        "Transport Output Judging",
        "Lifecycle WebSockets",
        "Launch",
        "Files",
        "Listener Reloader Predecessor HttpFront Takeover Control Signals Systemd SelfReload",
        "Supervise",
        "Hosting");

    private static readonly LayerScan Daemon = new(
        "Ips.Host", "Inventory", "Auth", "Api", "Configuration", "Cli Observability", "Dashboard Fleet");

    private static readonly LayerScan Fleets = new("Ips.Fleet", "Rollouts", "Agents", "Wire Security", "Cluster");

    public static TheoryData<string> LibraryFolders => [.. Library.Folders];

    public static TheoryData<string> DaemonFolders => [.. Daemon.Folders];

    public static TheoryData<string> FleetFolders => [.. Fleets.Folders];

    [Theory]
    [MemberData(nameof(LibraryFolders))]
    public void LibraryFolder_Source_UsesOnlyFoldersBelowIt(string folder) => Assert.Empty(Library.UpwardsFrom(folder));

    // Program and Daemon tie the folders together, and may use all of them.
    [Theory]
    [MemberData(nameof(DaemonFolders))]
    public void DaemonFolder_Source_UsesOnlyFoldersBelowIt(string folder) => Assert.Empty(Daemon.UpwardsFrom(folder));

    [Theory]
    [MemberData(nameof(FleetFolders))]
    public void FleetFolder_Source_UsesOnlyFoldersBelowIt(string folder) => Assert.Empty(Fleets.UpwardsFrom(folder));

    // The decisions of a rollout are walked in the tests: they need neither Akka nor a wire.
    [Fact]
    public void Rollouts_OfAFleet_KnowNoEngine() => Assert.DoesNotContain(
        Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src", "Ips.Fleet", "Rollouts"), "*.cs"),
        file => File.ReadAllText(file).Contains("using Akka", StringComparison.Ordinal));

    [Fact]
    public void Folders_OfEachProject_AllHaveALayer()
    {
        Assert.Equal(Library.Folders.Order(), Library.FoldersOnDisk().Order());
        Assert.Equal(Daemon.Folders.Order(), Daemon.FoldersOnDisk().Order());
        Assert.Equal(Fleets.Folders.Order(), Fleets.FoldersOnDisk().Order());
    }

    [Theory]
    [InlineData("Posix", "using Ips.Actors.Lifecycle;")]
    [InlineData("Handover", "using static Ips.Actors.Transport.AcceptLoop;")]
    [InlineData("Control", "using Gate = Ips.Actors.HttpFront.FrontState;")] // one actor beside another
    [InlineData("Lifecycle", "    private readonly Reloader.SuccessorSlot _slot;")]
    public void Scan_OfAnArrowUpwards_FindsIt(string folder, string line) =>
        Assert.Single(Library.Upwards(folder, $"// {folder}\n{line}\n"));

    [Theory]
    [InlineData("Hosting", "using Ips.Actors.Posix;")]
    [InlineData("Control", "using Ips.Actors.Control;")]
    [InlineData("Control", "    builder.Configuration.AddInMemoryCollection();")]
    [InlineData("Posix", "    /// <summary>As <see cref=\"Lifecycle.LifecycleActor\"/>.</summary>")]
    public void Scan_OfAnArrowDownwards_FindsNothing(string folder, string line) => Assert.Empty(Library.Upwards(folder, line));
}
