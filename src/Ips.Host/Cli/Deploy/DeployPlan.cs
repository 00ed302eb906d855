using System.Globalization;
using Ips.Actors.Launch;

namespace Ips.Host.Cli.Deploy;

/// <summary>A release on the shelf.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">When it was put there: a number that grows with time.</param>
internal sealed record ShelvedRelease(string Name, long At);

/// <summary>What <c>ips deploy</c> and <c>ips rollback</c> decide. Pure.</summary>
internal static class DeployPlan
{
    /// <summary>How many releases are kept.</summary>
    internal const int Kept = 5;

    private static readonly string[] Endings = [".tar.gz", ".tgz", ".tar", ".zip"];

    /// <summary>The name of a new release.</summary>
    /// <param name="given">By the operator; null for none.</param>
    /// <param name="version">The version of its main assembly.</param>
    /// <param name="archive">The file name of its archive.</param>
    /// <param name="now">The time.</param>
    /// <param name="taken">Whether there is a release of a name.</param>
    /// <exception cref="CliException">The given name cannot be taken.</exception>
    internal static string NameOf(string? given, string? version, string? archive, DateTimeOffset now, Func<string, bool> taken)
    {
        if (given is not null)
        {
            if (ReleaseName.Fault(given) is { } fault) throw new CliException(CliExitCode.Configuration, $"{Upper(fault)}.");
            return taken(given) ? throw new CliException(CliExitCode.Failed, Taken(given)) : given;
        }

        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var name = ReleaseName.From(Short(version)) ?? ReleaseName.From(WithoutEnding(archive)) ?? time;
        if (!taken(name)) return name;
        // A version that nobody raised, or a second attempt: the operator did not choose the name, so need not choose another.
        name = ReleaseName.From(name == time ? null : $"{name[..Math.Min(name.Length, ReleaseName.MaxLength - time.Length - 1)]}-{time}")
            ?? name;
        return taken(name) ? throw new CliException(CliExitCode.Failed, Taken(name)) : name;
    }

    /// <summary>The releases to remove: those that are neither among the newest five nor in use. One that was not promoted, or taken back,
    /// is older than all others.</summary>
    /// <param name="shelved">All that there are.</param>
    /// <param name="refused">Names of those that were not promoted, or taken back.</param>
    /// <param name="used">Names of those that must stay.</param>
    internal static IReadOnlyList<string> ToPrune(
        IEnumerable<ShelvedRelease> shelved, IReadOnlyCollection<string> refused, IReadOnlyCollection<string> used) =>
    [
        .. shelved.OrderBy(release => refused.Contains(release.Name)).ThenByDescending(release => release.At)
            .Skip(Kept).Select(release => release.Name).Where(name => !used.Contains(name)).Order(StringComparer.Ordinal),
    ];

    /// <summary>What an earlier command that was killed has left to do.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="serves">The release that serves.</param>
    /// <param name="current">The release that <c>current</c> names.</param>
    /// <returns>The release to point <c>current</c> at, null for none; and the journal then.</returns>
    internal static (string? Point, DeployJournal Journal) Mend(DeployJournal journal, string? serves, string? current) =>
        journal.Asked switch
        {
            null => (null, journal),
            { } asked when asked.Name != serves => (null, journal.AfterRefusal(asked.Name)),
            { } asked when asked.Name == current => (null, journal.AfterPromotion(asked, journal.Promoted is [.., var last] ? last : null)),
            { } asked => (asked.Name, journal.AfterPromotion(asked, current)),
        };

    /// <summary>The release that a rollback takes.</summary>
    /// <param name="given">By the operator; null for none.</param>
    /// <param name="serves">The release that serves.</param>
    /// <param name="previous">The last good release before it, as the service remembers it; null if it does not, or is not to be
    /// trusted.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="shelved">All that there are.</param>
    /// <exception cref="CliException">There is none.</exception>
    internal static string ToRollBackTo(
        string? given, string? serves, string? previous, DeployJournal journal, IReadOnlyCollection<string> shelved)
    {
        if (given is not null)
        {
            return !shelved.Contains(given) ? throw new CliException(CliExitCode.Failed, $"There is no release '{given}'; {Names(shelved)}")
                : given == serves ? throw new CliException(CliExitCode.Failed, $"The release {given} serves already.") : given;
        }

        return new[] { previous }.Concat(journal.Promoted.Reverse()).OfType<string>().FirstOrDefault(name =>
                name != serves && !journal.Refused.Contains(name) && shelved.Contains(name))
            ?? throw new CliException(CliExitCode.Failed,
                $"No last good release before {serves ?? "the one that serves"} is known. Name the one to go back to: ips rollback NAME; "
                + Names(shelved));
    }

    private static string Names(IReadOnlyCollection<string> shelved) =>
        shelved.Count == 0 ? "there is none." : $"there are {string.Join(", ", shelved.Order(StringComparer.Ordinal))}.";

    private static string Taken(string name) =>
        $"There is a release '{name}' already, and nothing was copied. Choose another name (--name), deploy the one that is there by its "
        + $"folder (ips deploy …/{ReleaseLink.ReleasesName}/{name}), or remove that folder first.";

    // As status and history show it.
    private static string? Short(string? version) =>
        version?.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus && version.Length > plus + 9 ? version[..(plus + 9)] : version;

    private static string? WithoutEnding(string? archive) =>
        archive is null ? null
            : Endings.FirstOrDefault(e => archive.EndsWith(e, StringComparison.OrdinalIgnoreCase))
                is { } ending ? archive[..^ending.Length] : archive;

    private static string Upper(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
