using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Ips.Actors.Configuration;

namespace Ips.Host.Tests.Architecture;

/// <summary>The daemon is an app like any other: of the library's internals it uses plumbing only, and none that decides how
/// <c>AddIps()</c> behaves. What the daemon can, every app can.</summary>
[Trait("issue", "13")]
public sealed class PublicSurfaceTests
{
    private const string Library = "Ips.Actors";

    /// <summary>Where the daemon may use internals: keys and their texts, the commands' side of the control socket, the log's output, the
    /// service's files, and the system. The rest decides about connections, releases and generations.</summary>
    private static readonly string[] Plumbing =
    [
        "Ips.Actors.Configuration", "Ips.Actors.Control", "Ips.Actors.Diagnostics", "Ips.Actors.Files", "Ips.Actors.Posix",
    ];

    /// <summary>Single types beyond these: how a command starts a service, where it puts releases, and what it shows of reloads.</summary>
    private static readonly string[] SingleDoors =
    [
        "Ips.Actors.Launch.AskedRelease", "Ips.Actors.Launch.DeployJournal", "Ips.Actors.Launch.Deployment",
        "Ips.Actors.Launch.ReleaseLink", "Ips.Actors.Launch.ReleaseName",
        "Ips.Actors.Launch.LastGoodFile", "Ips.Actors.Launch.Privileges", "Ips.Actors.Launch.StartReport",
        "Ips.Actors.Launch.StartReporter",
        "Ips.Actors.Lifecycle.ConnectionCounts", "Ips.Actors.Lifecycle.DrainCounts", "Ips.Actors.Lifecycle.ExitCode",
        "Ips.Actors.Lifecycle.LastGoodRelease", "Ips.Actors.Lifecycle.PendingReload", "Ips.Actors.Lifecycle.ReloadReceipt",
        "Ips.Actors.Judging.Judgement", "Ips.Actors.Judging.RouteFigures", "Ips.Actors.Judging.RouteJudgement",
        "Ips.Actors.Lifecycle.ReloadOutcome", "Ips.Actors.Lifecycle.ReloadRequest", "Ips.Actors.Supervise.SupervisorProcess",
    ];

    [Fact]
    public void Daemon_UsesNoInternalTypeThatDecidesBehaviour()
    {
        var internals = typeof(IpsOptions).Assembly.GetTypes().Where(type => type is { IsNested: false, IsPublic: false })
            .Select(type => type.FullName!)
            .ToHashSet();
        var used = TypesFromLibrary(Path.Combine(AppContext.BaseDirectory, "ips.dll")).Where(internals.Contains).ToList();
        Assert.NotEmpty(used); // else nothing was looked at
        var others = used.Where(name => !Plumbing.Contains(name[..name.LastIndexOf('.')]) && !SingleDoors.Contains(name));
        Assert.Equal([], others.Order(StringComparer.Ordinal));
        Assert.All(SingleDoors, name => Assert.Contains(name, used));
    }

    private static HashSet<string> TypesFromLibrary(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var handle in metadata.TypeReferences)
        {
            var type = metadata.GetTypeReference(handle);
            if (type.ResolutionScope.Kind == HandleKind.AssemblyReference
                && metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name) == Library)
            {
                found.Add($"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}");
            }
        }

        return found;
    }
}
