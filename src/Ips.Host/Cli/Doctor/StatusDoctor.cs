using Ips.Actors.Launch;
using Ips.Host.Cli.Deploy;

namespace Ips.Host.Cli.Doctor;

/// <summary>What <c>ips doctor</c> finds in what a running service says of itself: its runtime and its releases.</summary>
internal static class StatusDoctor
{
    /// <summary>Looks, and changes nothing.</summary>
    /// <returns>The problems; none if the service does not answer.</returns>
    internal static async Task<IReadOnlyList<DoctorProblem>> LookAsync(ClientActions client, DaemonTarget target, string directory,
        CancellationToken cancellation)
    {
        try
        {
            var (address, _) = DaemonLocator.Find(target, directory, follow: true);
            var status = await client.GetStatusAsync(address, cancellation);
            var found = DoctorRules.Runtime(status.RuntimeChange).ToList();
            if (status is not { Deployment: { } place, Phase: null }) return found; // it was not started by way of a link
            var releases = new ReleaseLink(place.Folder).Releases;
            var (left, asked) = ((IReadOnlyList<string>)[], (string?)null);
            if (Directory.Exists(releases) && !ReleaseShelf.IsLocked(releases))
                (left, asked) = ([.. ReleaseShelf.LeftIn(releases)], DeployJournal.TryRead(releases).Asked?.Name);
            return [.. found, .. DoctorRules.Deployment(place, asked, left)];
        }
        catch (Exception e) when (e is CliException or IOException or UnauthorizedAccessException)
        {
            return []; // whether it runs, and who may look, is told elsewhere
        }
    }
}
