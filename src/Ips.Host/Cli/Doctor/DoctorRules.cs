using Ips.Actors.Launch;

namespace Ips.Host.Cli.Doctor;

/// <summary>A problem and what helps.</summary>
/// <param name="What">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Prevents">Whether the daemon cannot start because of it.</param>
internal sealed record DoctorProblem(string What, string Remedy, bool Prevents);

/// <summary>Judges the facts. Pure.</summary>
internal static class DoctorRules
{
    /// <summary>Below this number of open files a busy service runs short.</summary>
    internal const long FewOpenFiles = 4096;

    /// <summary>How <c>ips run</c> would behave from here.</summary>
    internal static string Manner(DoctorFacts facts) => facts switch
    {
        { SystemdUnit: true } => "as a unit of systemd",
        { Pid: 1 } => "as PID 1: a supervisor that reaps orphans, and the daemon below it",
        { SupervisorProcess: true } =>
            "on a terminal: a supervisor in the foreground, and the daemon below it; `ips start` for one in the background",
        { HangupIgnored: true } => "under nohup: SIGHUP stays ignored, reload with SIGUSR2",
        _ => "in the foreground, one process; each reload has a new PID, `ips supervise` keeps one",
    };

    /// <summary>All problems, those that keep it from starting first.</summary>
    internal static IReadOnlyList<DoctorProblem> Problems(DoctorFacts facts) =>
        [.. All(facts).OrderByDescending(problem => problem.Prevents)];

    /// <summary>Files that a process writes to as if it were alone.</summary>
    internal static IEnumerable<DoctorProblem> OverwrittenFiles(IReadOnlyList<string> paths) => paths.Select(path => new DoctorProblem(
        $"{path} is open for writing without O_APPEND: in a reload, a second generation that opens it overwrites lines",
        "Serilog: `shared: true`; else log to stdout with Ips:LogFile, or to a file for each process; see docs/exclusive-resources.md",
        Prevents: false));

    /// <summary>What a deploy that was cut off has left.</summary>
    /// <param name="place">The releases of the running service; null if it has none.</param>
    /// <param name="asked">The release that the last command asked for without acting on the answer; null for none.</param>
    /// <param name="left">What is not complete, or was being removed.</param>
    internal static IEnumerable<DoctorProblem> Deployment(Deployment? place, string? asked, IReadOnlyList<string> left)
    {
        if (place is null) yield break;
        if (place is { Serves: { } serves } && serves != place.Current)
        {
            yield return new($"release {serves} serves, but {place.Folder}/{ReleaseLink.CurrentName} names "
                + $"{place.Current ?? "no release"}: a crash or a reload starts that one", asked == serves
                    ? $"a deploy was cut off after its release was promoted: the next `ips deploy` mends it first, so does `ips deploy "
                        + $"{place.Folder}/{ReleaseLink.ReleasesName}/{serves}`"
                    : $"the link was switched without a reload: `ips reload` starts {place.Current ?? "it"}, and `ips deploy "
                        + $"{place.Folder}/{ReleaseLink.ReleasesName}/{serves}` points the link at {serves}", Prevents: false);
        }

        if (left.Count > 0)
        {
            yield return new($"a deploy was cut off, and has left {string.Join(", ", left)} in {place.Folder}/{ReleaseLink.ReleasesName}",
                "nothing uses it; the next `ips deploy` removes it", Prevents: false);
        }
    }

    /// <summary>The runtime was patched under the process.</summary>
    /// <param name="change">How it differs on disk; null if it does not.</param>
    internal static IEnumerable<DoctorProblem> Runtime(string? change)
    {
        if (change is not null)
            yield return new(change, "`ips reload` starts on what is on disk; `ips.reload.watch = [runtime]` does it by itself",
                Prevents: false);
    }

    private static IEnumerable<DoctorProblem> All(DoctorFacts facts)
    {
        foreach (var problem in facts.ConfigProblems)
            yield return new(problem, "mend the configuration; `ips check --reference` has every key", Prevents: true);
        if (facts.UserFault is { } user)
            yield return new(user, "set ips.user, or start it as another user; see docs/containers.md, Users", Prevents: true);
        foreach (var (what, path, fault) in facts.Paths.Where(entry => entry.Fault is not null))
            yield return new($"{what} {path}: {fault}",
                $"make the folder and give it to {facts.RunAs ?? facts.User}, or configure another path", Prevents: true);
        if (facts.Store is (var place, { } wrong))
            yield return new($"the store {place}: {wrong}",
                "restore it from a backup (ips import), mend its server or disk, or name another one (ips.store.path, ips.store.postgres)",
                Prevents: true);
        foreach (var (url, fault) in facts.Endpoints.Where(entry => entry.Fault is not null))
            yield return new($"{url} cannot be listened on: {fault}",
                "configure another address (ips.urls), end who listens there, or for a port below 1024 start as root with ips.user",
                Prevents: true);
        if (facts.RunningPid is { } pid)
            yield return new($"a daemon with this PID file runs already, PID {pid}",
                "`ips reload` replaces it, `ips stop` ends it; another daemon needs another --pid-file and --urls", Prevents: true);
        foreach (var problem in facts.Status) yield return problem;
        if (facts.OpenFiles < FewOpenFiles)
            yield return new($"only {facts.OpenFiles} files and connections may be open",
                "raise the hard limit: ulimit -Hn, LimitNOFILE= of a unit, ulimits of a container", Prevents: false);
        if (facts.MaxBacklog > 0 && facts.MaxBacklog < facts.Backlog)
            yield return new($"the kernel cuts ips.listener.backlog = {facts.Backlog} to {facts.MaxBacklog}",
                $"sysctl net.core.somaxconn={facts.Backlog}", Prevents: false);
        if (facts.ConfigFile is null)
            yield return new("there is no configuration file, so a reload can change no setting",
                "`ips check --reference > ips.conf`, and pass it with --config", Prevents: false);
    }
}
