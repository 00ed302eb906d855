using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Host.Configuration;

namespace Ips.Host.Cli.Deploy;

/// <summary><c>ips deploy</c> and <c>ips rollback</c>: all work on files is done here, by the operator's rights; the service only starts
/// the release whose name it is told.</summary>
/// <remarks>Killed at any step it leaves the service and <c>current</c> as they are. The next command removes what is not complete, and
/// points <c>current</c> at a release that was promoted meanwhile: the journal says which one was asked for.</remarks>
internal sealed class DeployAction(CliConsole console, ClientActions client)
{
    private const string NoLink =
        $"The service was not started by way of a link '{ReleaseLink.CurrentName}': the path of its program must go through "
        + $"…/{ReleaseLink.CurrentName}/. Or its release is older than 'ips deploy': then switch the link by hand, and run 'ips reload', "
        + "once. docs/deploying.md tells how. Nothing was changed.";

    private const int MostTries = 10; // each after a reload that came first

    private readonly QuietWait _quiet = new(client, console.Time);

    /// <summary>What came of it, if it is interrupted now.</summary>
    internal string Interrupted { get; private set; } = "nothing was changed";

    /// <summary>Gets the receipt as soon as <c>current</c> was put right by it: what follows may fail.</summary>
    internal Func<ReloadReceipt, Task> OnReceipt { get; init; } = _ => Task.CompletedTask;

    /// <summary>What is in place by now; null while nothing was put there.</summary>
    internal Placed? Result { get; private set; }

    /// <summary><c>ips deploy</c></summary>
    /// <exception cref="CliException">Nothing was started, or the outcome could not be had.</exception>
    internal Task<Placed> DeployAsync(DeployCommand command, CancellationToken cancellation) => UnderLockAsync(command, scene =>
    {
        var source = Path.GetFullPath(command.Source, console.Directory);
        var name = Shelved(scene.Shelf, source) is { } there ? Known(there, command.Name, source)
            : Stage(scene, source, command.Name, cancellation);
        return new AskedRelease(name, Rollback: false, console.Time.GetUtcNow());
    }, cancellation);

    /// <summary><c>ips rollback</c></summary>
    /// <exception cref="CliException">Nothing was started, or the outcome could not be had.</exception>
    internal Task<Placed> RollbackAsync(RollbackCommand command, CancellationToken cancellation) => UnderLockAsync(command, scene =>
    {
        // What the service user has written does not decide what root starts.
        var previous = scene.Trusted && scene.Status.LastGood?.Previous is { } good
            ? ReleaseLink.NameIn(scene.Shelf.Releases, LastGoodFile.ProgramOf(good)) : null;
        var name = DeployPlan.ToRollBackTo(command.Name, scene.Place.Serves, previous, scene.Shelf.ReadJournal(),
            [.. scene.Shelf.All().Select(release => release.Name)]);
        return new AskedRelease(name, Rollback: true, console.Time.GetUtcNow());
    }, cancellation);

    /// <summary>Starts a release that is on the shelf, once by its id, and puts it in place. Asked again after a command that was killed,
    /// it finishes what that one has begun.</summary>
    /// <exception cref="CliException">Nothing was started, or the outcome could not be had.</exception>
    internal Task<Placed> PlaceAsync(PlaceOnceCommand command, CancellationToken cancellation) => UnderLockAsync(command, scene =>
        ReleaseName.Fault(command.Name) is { } fault ? throw new CliException(CliExitCode.Failed, $"{Sentence(fault)}.")
        : scene.Shelf.All().All(release => release.Name != command.Name)
            ? throw new CliException(CliExitCode.Failed, $"There is no release '{command.Name}' in {scene.Shelf.Releases}.")
        : new AskedRelease(command.Name, command.Rollback, console.Time.GetUtcNow()), cancellation);

    /// <summary>The releases of a service, by the rights of this process.</summary>
    /// <exception cref="CliException">They cannot be used.</exception>
    internal ReleaseShelf OpenShelf(DaemonStatus status, DaemonAddress address, string? into, out Deployment place)
    {
        place = PlaceOf(status);
        return ReleaseShelf.Open(FolderOf(status, address, into).Folder);
    }

    private async Task<Placed> UnderLockAsync(PlacingCommand command, Func<Scene, AskedRelease> prepare, CancellationToken cancellation)
    {
        try
        {
            var (address, settings) = DaemonLocator.Find(command.Target, console.Directory);
            var status = await client.GetStatusAsync(address, cancellation);
            var (folder, trusted, user) = FolderOf(status, address, command.Into);
            using var shelf = ReleaseShelf.Open(folder);
            shelf.Lock(console.Time.GetUtcNow());
            foreach (var name in shelf.Sweep()) Say($"removed {name}, which a command that was killed has left in {shelf.Releases}");
            var service = new Asking(address, settings, command);
            status = await AwaitQuietAsync(service, cancellation);
            var scene = new Scene(shelf, status, PlaceOf(status), trusted, user);
            Mend(scene);
            var asked = prepare(scene);
            if (asked.Name == scene.Place.Serves && asked.Name == shelf.Current())
            {
                Say($"release {asked.Name} serves already, and 'current' names it");
                var known = await KnownAsync(service, status, asked.Name, cancellation);
                // Asked again by its id, a request that was refused stays refused, even if the release has come since.
                if (command is PlaceOnceCommand && known is not (null or { Ended: ReloadOutcome.Promoted or ReloadOutcome.Stopped }))
                    return new Placed(asked.Name, known);
                Result = new Placed(asked.Name, known) { Is = true };
                if (known is not null) await OnReceipt(known);
                return Result;
            }

            if (ReleaseStage.ProgramFault(shelf.PathOf(asked.Name), scene.Place.Program) is { } fault)
                throw new CliException(CliExitCode.Failed, $"The release {asked.Name} is not started: {fault}. Nothing was changed.");
            return await StartAsync(scene, asked, service, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Failed,
                $"{e.Message.TrimEnd('.')}. {Sentence(Interrupted)}.", e);
        }
    }

    // A service may say anything of where it was started from.
    private (string Folder, bool Trusted, int User) FolderOf(DaemonStatus status, DaemonAddress address, string? into)
    {
        var place = PlaceOf(status);
        var (user, contested) = OwnerOf(address.SocketPath);
        var trusted = ProcessAttributes.EffectiveUserId != 0 || (user == 0 && !contested);
        if (into is null)
        {
            return trusted ? (place.Folder, trusted, user) : throw new CliException(CliExitCode.Configuration,
                $"The service {(user < 0 ? "of another user" : $"runs as uid {user} and")} says that its releases are in "
                + $"{TerminalText.Line(place.Folder)}. Root does not go by what another user says: name the folder with --into, or run "
                + "this as that user.");
        }

        var given = Path.GetFullPath(into, console.Directory);
        return FileIdentity.OfTarget(given) is { } folder && folder == FileIdentity.OfTarget(place.Folder) ? (given, trusted, user)
            : throw new CliException(CliExitCode.Configuration,
                $"--into is {given}, and the service was started from {TerminalText.Line(place.Folder)}/{ReleaseLink.CurrentName}.");
    }

    private static (int User, bool Contested) OwnerOf(string socketPath)
    {
        try
        {
            using var place = GuardedPath.Walk(socketPath);
            return (place.Status()?.UserId ?? -1, place.IsContested);
        }
        catch (IOException)
        {
            return (-1, true); // such as in another mount namespace
        }
    }

    // Its names are parts of paths that this process uses.
    private static Deployment PlaceOf(DaemonStatus status) => status.Deployment switch
    {
        null => throw new CliException(CliExitCode.Failed, NoLink),
        { Program: var program } when !ReleaseLink.IsInside(program) => throw new CliException(CliExitCode.Failed,
            $"The service says that its program is {TerminalText.Line(program)} in a release, which is no path inside one."),
        { } place => place with
        {
            Serves = ReleaseName.Fault(place.Serves) is null ? place.Serves : null,
            Current = ReleaseName.Fault(place.Current) is null ? place.Current : null,
        },
    };

    // The receipt of this request, where it has an id; else of the last request for that release.
    private async Task<ReloadReceipt?> KnownAsync(Asking service, DaemonStatus status, string name, CancellationToken cancellation) =>
        service.Command is PlaceOnceCommand once
            ? await client.FindReceiptAsync(service.Address, once.Id, cancellation)
            : status.LastReload is { } last && last.Deployed == name ? last : null;

    // A deploy never waits in the service itself, so that its answer is about its own release.
    private async Task<DaemonStatus> AwaitQuietAsync(Asking service, CancellationToken cancellation)
    {
        var noQueue = service.Command.Terms.NoQueue;
        var (status, busy) = await _quiet.AwaitAsync(service.Address, noQueue ? TimeSpan.Zero : service.Limit,
            what => Say($"waits for the reload in progress: {what}"), cancellation);
        return busy is null ? status
            : noQueue ? throw new CliException(CliExitCode.ReloadRefused, $"A reload is in progress ({busy}). {Sentence(Interrupted)}.")
            : throw new CliException(CliExitCode.Failed, $"The service is still busy ({busy}). {Sentence(Interrupted)}; ask again later.");
    }

    private void Mend(Scene scene)
    {
        var journal = scene.Shelf.ReadJournal();
        var (point, mended) = DeployPlan.Mend(journal, scene.Place.Serves, scene.Shelf.Current());
        if (point is not null)
        {
            scene.Shelf.Point(point);
            Say($"an earlier command was killed: release {point} was promoted, and 'current' names it now");
        }

        if (journal.Asked is not null) scene.Shelf.WriteJournal(mended);
    }

    private static string? Shelved(ReleaseShelf shelf, string source) =>
        Directory.Exists(source) && FileDescriptors.RealPath(source) is var real && Path.GetDirectoryName(real) == shelf.Releases
            ? Path.GetFileName(real) : null;

    private static string Known(string there, string? given, string source) =>
        given is not null && given != there
            ? throw new CliException(CliExitCode.Configuration, $"{source} is the release {there}; --name {given} cannot rename it.")
            : ReleaseName.Fault(there) is { } fault ? throw new CliException(CliExitCode.Failed, $"{source} cannot be deployed: {fault}.")
            : there;

    private string Stage(Scene scene, string source, string? given, CancellationToken cancellation)
    {
        var (shelf, program) = (scene.Shelf, scene.Place.Program);
        if (Directory.Exists(source) && shelf.Releases.StartsWith(FileDescriptors.RealPath(source) + "/", StringComparison.Ordinal))
            throw new CliException(CliExitCode.Configuration, $"{source} has the releases in it; name the folder of a build.");
        if (given is not null) _ = DeployPlan.NameOf(given, null, null, default, shelf.Has); // before anything is copied
        var folder = shelf.NewStage(given ?? "release");
        try
        {
            using var content = ReleaseSource.Open(source);
            var stage = new ReleaseStage(folder);
            stage.Fill(content, program, cancellation);
            if (ReleaseStage.ProgramFault(stage.Root, program) is { } fault)
                throw new CliException(CliExitCode.Failed, $"{source} is not deployed: {fault}. Nothing was changed.");
            if (scene.User != ProcessAttributes.EffectiveUserId && stage.Unreadable is { } closed)
                throw new CliException(CliExitCode.Failed,
                    $"{source} is not deployed: its {Path.GetRelativePath(stage.Root, closed)} is closed to others, and the service runs "
                    + $"as uid {scene.User} (chmod o+r). Nothing was changed.");
            var name = DeployPlan.NameOf(given, ReleaseShelf.VersionOf(stage.Root, program), content.ArchiveName, console.Time.GetUtcNow(),
                shelf.Has);
            stage.Seal();
            cancellation.ThrowIfCancellationRequested();
            shelf.Take(stage.Root, folder, name);
            Interrupted = $"the release is in {shelf.PathOf(name)} and was not started";
            Say($"release {name} is in {shelf.Releases}: {Wording.Counted(stage.Files, "file")}, {stage.Bytes >> 20} MiB");
            return name;
        }
        catch (Exception e) when (e is ArchiveException or InvalidDataException or FormatException or EndOfStreamException)
        {
            throw new CliException(CliExitCode.Failed, $"{source} is not deployed: {e.Message.TrimEnd('.')}. Nothing was changed.", e);
        }
        finally
        {
            FolderTree.Remove(folder);
        }
    }

    private async Task<Placed> StartAsync(Scene scene, AskedRelease asked, Asking service, CancellationToken cancellation)
    {
        var (shelf, name) = (scene.Shelf, asked.Name);
        var receipt = await AskAsync(scene, asked, service, cancellation);
        var serves = service.Command is not PlaceOnceCommand
            ? receipt is { Ended: ReloadOutcome.Promoted } && receipt.Deployed == name
            : await ServesAsync(receipt, name, service, cancellation);
        if (!serves)
        {
            var tried = receipt is not null && WasBegun(receipt);
            shelf.WriteJournal(tried ? shelf.ReadJournal().AfterRefusal(name) : shelf.ReadJournal() with { Asked = null });
            Say($"release {name} was not {(tried ? "promoted" : "started")}. 'current' still names {shelf.Current() ?? "no release"}; "
                + $"{shelf.PathOf(name)} is kept {(tried ? "for a look, and is the first that a later deploy removes" : "as it is")}");
            if (receipt is not null) await OnReceipt(receipt);
            return new Placed(name, receipt);
        }

        var former = shelf.Current();
        shelf.Point(name);
        shelf.WriteJournal(shelf.ReadJournal().AfterPromotion(asked, former));
        Interrupted = $"release {name} serves, and 'current' names it; older releases were not all removed";
        Say(asked.Rollback ? $"'current' names {name}, pinned by rollback until the next deploy" : $"'current' names {name}");
        Result = new Placed(name, receipt) { Is = true };
        if (receipt is not null) await OnReceipt(receipt);
        Result = Result with { Followed = await FollowAsync(service, cancellation) };
        await PruneAsync(scene, name, service.Address, cancellation);
        return Result;
    }

    // A receipt that was kept may be older than what has happened since: only what serves is put in place. The main process may also have
    // crashed, and left the service to the release that it was trying.
    private async Task<bool> ServesAsync(ReloadReceipt? receipt, string name, Asking service, CancellationToken cancellation)
    {
        if (receipt is not (null or { Ended: ReloadOutcome.Promoted or ReloadOutcome.Stopped })) return false;
        var status = await client.Retrying(() => client.GetStatusAsync(service.Address, cancellation), cancellation);
        return PlaceOf(status).Serves == name;
    }

    // A reload may have begun while the release was copied: it is waited for, as one before is. The answer is null if there was nothing to
    // start, as the release serves.
    private async Task<ReloadReceipt?> AskAsync(Scene scene, AskedRelease asked, Asking service, CancellationToken cancellation)
    {
        var (shelf, name, request) = (scene.Shelf, asked.Name, RequestOf(asked, service.Command));
        for (var tries = 1; ; tries++)
        {
            Interrupted = $"release {name} is in {shelf.PathOf(name)} and was not started";
            var before = await AwaitQuietAsync(service, cancellation);
            shelf.WriteJournal(shelf.ReadJournal() with { Asked = asked });
            Interrupted = $"the service carries on with release {name}; if it is promoted, the next 'ips deploy' points 'current' at it, "
                + "and 'ips history' shows how it ended";
            ControlEvent answer;
            try
            {
                answer = await client.GetAnswerAsync(service.Address, service.Settings, request, service.Command.Timeout,
                    service.Command.Json, cancellation);
            }
            catch (CliException e) when (e.InnerException is not ControlException)
            {
                shelf.WriteJournal(shelf.ReadJournal() with { Asked = null }); // an error is an answer: it was not started
                throw new CliException(e.ExitCode, $"{e.Message.TrimEnd('.')}. 'current' still names {shelf.Current() ?? "no release"}; "
                    + $"release {name} is in {shelf.PathOf(name)}.", e);
            }
            catch (CliException e)
            {
                throw new CliException(e.ExitCode, $"{e.Message} {Sentence(Interrupted)}.", e);
            }

            if (answer.Kind == "serving") return null;
            var receipt = answer.Receipt ?? throw new CliException(CliExitCode.Failed,
                $"The daemon ended its answer with '{answer.Kind}' and no receipt. {Sentence(Interrupted)}.");
            if (WasBegun(receipt) || service.Command.Terms.NoQueue || (request.Id is { } id && receipt.RequestId == id)) return receipt;
            shelf.WriteJournal(shelf.ReadJournal() with { Asked = null });
            Interrupted = $"release {name} is in {shelf.PathOf(name)} and was not started";
            var now = await client.GetStatusAsync(service.Address, cancellation);
            var busy = now is not { Phase: null, Pending: null } || now.Pid != before.Pid;
            if (tries == MostTries || (tries > 1 && !busy)) return receipt; // what it was refused for at first may be over by now
        }
    }

    private static ControlRequest RequestOf(AskedRelease asked, PlacingCommand command)
    {
        if (command is PlaceOnceCommand once)
            return new(ControlVerb.ReloadOnce) { Release = asked.Name, Id = once.Id, Expects = once.Expects };
        var terms = command.Terms;
        return new((asked.Rollback, terms.ForTheJudge) switch
        {
            (false, false) => ControlVerb.Deploy,
            (true, false) => ControlVerb.Rollback,
            (false, true) => ControlVerb.DeployWith,
            (true, true) => ControlVerb.RollbackWith,
        })
        {
            Release = asked.Name, TraceParent = ClientActions.TraceParent, Accept = terms.Accept, IgnoreChecks = terms.Ignored,
        };
    }

    private static bool WasBegun(ReloadReceipt receipt) => receipt.Deployed is not null || receipt.NewPid is not null;

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    // A reload that was asked for meanwhile has begun with what 'current' named then. One more goes by what it names now.
    private async Task<ReloadReceipt?> FollowAsync(Asking service, CancellationToken cancellation)
    {
        var status = await client.GetStatusAsync(service.Address, cancellation);
        if (status is { Phase: null, Pending: null }) return null;
        Say("another reload was asked for meanwhile; it is followed by one to what 'current' names now");
        var terms = service.Command.Terms;
        var request = terms.ForTheJudge ? ClientActions.ReloadWith(terms) : new ControlRequest(ControlVerb.Reload);
        var receipt = await client.GetReceiptAsync(service.Address, service.Settings, request, service.Command.Timeout,
            service.Command.Json, cancellation);
        if (receipt.Ended is not ReloadOutcome.Promoted)
            throw new CliException(CliExitCode.ReloadRefused, $"That reload failed: {TerminalText.Line(ReceiptText.Write(receipt))}");
        return receipt;
    }

    private async Task PruneAsync(Scene scene, string serves, DaemonAddress address, CancellationToken cancellation)
    {
        var (shelf, journal) = (scene.Shelf, scene.Shelf.ReadJournal());
        var shelved = shelf.All();
        if (shelved.Count <= DeployPlan.Kept) return;
        if (ReleaseUsers.Find(shelf.Releases, scene.Place.Program) is not { } running)
        {
            Say($"nothing is removed from {shelf.Releases}: not all processes of the service can be looked at by this user");
            return;
        }

        var status = await client.GetStatusAsync(address, cancellation);
        var good = new[] { scene.Status.LastGood, scene.Status.LastGood?.Previous, status.LastGood, status.LastGood?.Previous }
            .OfType<LastGoodRelease>().Select(release => ReleaseLink.NameIn(shelf.Releases, LastGoodFile.ProgramOf(release)));
        string?[] used = [serves, shelf.Current(), scene.Place.Serves, .. good, .. journal.Promoted.TakeLast(2), .. running];
        foreach (var name in DeployPlan.ToPrune(shelved, journal.Refused, [.. used.OfType<string>()]))
        {
            cancellation.ThrowIfCancellationRequested();
            shelf.Drop(name);
            Say($"removed release {name}");
        }
    }

    private void Say(string message) => console.Error.WriteLine(TerminalText.Line(message));

    /// <summary>What a command works with.</summary>
    /// <param name="Shelf">The releases.</param>
    /// <param name="Status">The service.</param>
    /// <param name="Place">Where it says that its releases are.</param>
    /// <param name="Trusted">What it says may decide what is started.</param>
    /// <param name="User">Whose control socket it has.</param>
    private sealed record Scene(ReleaseShelf Shelf, DaemonStatus Status, Deployment Place, bool Trusted, int User);

    /// <summary>Whom a command asks, and for what.</summary>
    /// <param name="Address">The service.</param>
    /// <param name="Settings">Its configuration.</param>
    /// <param name="Command">The command.</param>
    private sealed record Asking(DaemonAddress Address, DaemonSettings Settings, PlacingCommand Command)
    {
        /// <summary>How long it may take until the service has no other reload.</summary>
        public TimeSpan Limit => Command.Timeout ?? (2 * ClientActions.LimitOf(Settings));
    }
}
