using Ips.Actors.Launch;
using Ips.Host.Cli.Doctor;

namespace Ips.Host.Cli.Deploy;

/// <summary>What <c>ips doctor</c> finds in the releases of a running service.</summary>
internal static class DeployDoctor
{
    /// <summary>Looks, and changes nothing.</summary>
    /// <returns>The problems; none if the service does not answer, or was not started by way of a link.</returns>
    internal static async Task<IReadOnlyList<DoctorProblem>> LookAsync(ClientActions client, DaemonTarget target, string directory,
        CancellationToken cancellation)
    {
        try
        {
            var (address, _) = DaemonLocator.Find(target, directory, follow: true);
            if ((await client.GetStatusAsync(address, cancellation)) is not { Deployment: { } place, Phase: null }) return [];
            var releases = new ReleaseLink(place.Folder).Releases;
            var (left, asked) = ((IReadOnlyList<string>)[], (string?)null);
            if (Directory.Exists(releases) && !ReleaseShelf.IsLocked(releases))
                (left, asked) = ([.. ReleaseShelf.LeftIn(releases)], DeployJournal.TryRead(releases).Asked?.Name);
            return [.. DoctorRules.Deployment(place, asked, left)];
        }
        catch (Exception e) when (e is CliException or IOException or UnauthorizedAccessException)
        {
            return []; // whether it runs, and who may look, is told elsewhere
        }
    }
}
