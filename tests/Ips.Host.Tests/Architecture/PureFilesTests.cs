using System.Text.RegularExpressions;
using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>Decisions are pure: the files that make them have no actor, no clock and no I/O.</summary>
public sealed partial class PureFilesTests
{
    public static TheoryData<string> Files => [.. PureFiles()];

    private static IEnumerable<string> PureFiles()
    {
        var source = Path.Combine(SourceTree.Root, "src");
        return Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => PureName().IsMatch(Path.GetFileName(file)))
            .Select(file => Path.GetRelativePath(source, file));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void PureFile_Source_HasNoActorClockOrIo(string file) =>
        Assert.Empty(Impurities(File.ReadAllText(Path.Combine(SourceTree.Root, "src", file))));

    [Fact]
    public void Files_FoundByTheScan_AreTheOnesThatDecide()
    {
        var names = PureFiles().ToList();
        Assert.Contains(names, name => name.EndsWith("LifecycleMachine.cs", StringComparison.Ordinal));
        Assert.Contains(names, name => name.EndsWith("HandoverCodec.cs", StringComparison.Ordinal));
        Assert.Contains(names, name => name.EndsWith("SignalMap.cs", StringComparison.Ordinal));
        foreach (var file in new[] { "RolloutMachine.cs", "AgentMachine.cs", "FleetCodec.cs", "AgentOptionsParser.cs" })
            Assert.Contains(names, name => name.StartsWith("Ips.Fleet/", StringComparison.Ordinal)
                && name.EndsWith('/' + file, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("using Akka.Actor;")]
    [InlineData("using System.IO.Pipelines;")]
    [InlineData("    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);")]
    [InlineData("using static System.Diagnostics.Stopwatch;")]
    [InlineData("using Clock = System.TimeProvider;")]
    [InlineData("    var now = DateTime.UtcNow;")]
    [InlineData("    var now = DateTimeOffset.Now;")]
    [InlineData("    var watch = Stopwatch.StartNew();")]
    [InlineData("    await Task.Delay(1);")]
    [InlineData("    File.Delete(path);")]
    [InlineData("    var home = Environment.GetEnvironmentVariable(name);")]
    [InlineData("    lifecycle.Tell(message);")]
    [InlineData("    var one = Guid.NewGuid();")]
    [InlineData("    var dice = Random.Shared.Next();")]
    public void Scan_OfAnImpureLine_FindsIt(string line) => Assert.Single(Impurities($"// pure\n{line}\n"));

    [Theory]
    [InlineData("using System.Text.Json;")]
    [InlineData("using Akka.Configuration.Hocon;")] // a reader of text
    [InlineData("using System.Net.Sockets;")] // for AddressFamily
    [InlineData("    // the File is read by the caller: File.ReadAllText(path)")]
    [InlineData("    /// <summary>As <see cref=\"File.Delete\"/>.</summary>")]
    [InlineData("    var profile = Profile.Default;")]
    public void Scan_OfAPureLine_FindsNothing(string line) => Assert.Empty(Impurities($"{line}\n"));

    private static List<string> Impurities(string source) =>
        [.. source.Split('\n').Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Where(line => Impure().IsMatch(line))];

    [GeneratedRegex(@"(Machine|Codec|Map|Parser)\.cs$")]
    private static partial Regex PureName();

    [GeneratedRegex(
        @"^\s*using\s+(static\s+)?(\w+\s*=\s*)?(Akka(?!\.Configuration\b)|System\.IO|System\.Net\.Http|System\.Diagnostics" +
        @"|System\.Threading|System\.TimeProvider|Microsoft\.Extensions\.(Logging|Hosting)|Mono\.)" +
        @"|\bDateTime(Offset)?\.(Utc)?(Now|Today)\b|\bStopwatch\b|\bTimeProvider\b|\bTask\.(Delay|Run)\b|\bThread\.|\bEnvironment\." +
        @"|\bConsole\.|\b(File|Directory|FileStream|Process)\.\w|\.Tell\(|\bGuid\.NewGuid\b|\bRandom\b|\b(Socket|TcpClient|Dns)\b")]
    private static partial Regex Impure();
}
