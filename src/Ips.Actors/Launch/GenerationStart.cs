using System.Globalization;
using Ips.Actors.Handover;
using Ips.Actors.Output;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>How this process becomes a generation: alone, as the successor that a predecessor has started, or by a takeover. Once a
/// process, before the app is built.</summary>
[SupportedOSPlatform("linux")]
internal static class GenerationStart
{
    private static readonly TimeSpan WelcomeTimeout = TimeSpan.FromSeconds(10);
    // Longer than a spawned successor's: for a takeover the daemon may have to make room first (ips.reload.room-timeout).
    private static readonly TimeSpan TakeoverTimeout = TimeSpan.FromMinutes(1);
    private static readonly Lazy<GenerationContext> Current = new(Join);
    private static readonly Dictionary<string, string?> s_managerVariables = [];
    private static string? s_takeoverFrom;

    /// <summary>Joins the predecessor at the first call; a first generation has none.</summary>
    /// <param name="takeoverFrom">The socket of the service that this process takes over, if it was not started by a predecessor; null for
    /// none.</param>
    /// <exception cref="HandoverRefusedException">The predecessor will not hand over, or nobody is there to take over from.</exception>
    public static GenerationContext Enter(string? takeoverFrom = null)
    {
        s_takeoverFrom ??= takeoverFrom;
        return Current.Value;
    }

    private static GenerationContext Join()
    {
        var command = CaptureStartCommand();
        _ = HandoverVariables.Take(HandoverVariables.Command);
        StartReporter.Claim();
        var supervisor = SupervisorLink.Claim();
        var generation = int.TryParse(HandoverVariables.Take(HandoverVariables.Generation), CultureInfo.InvariantCulture, out var number)
            ? number : 1;
        var manager = ClaimManager(inherits: Environment.GetEnvironmentVariable(HandoverVariables.Fd) is not null);
        var output = InheritedOutput.Claim(HandoverVariables.Take(HandoverVariables.OutputFds));
        var alone = HandoverVariables.Take(HandoverVariables.NoTakeover) is not null;
        if (TakeChannel() is not { } fd)
        {
            output?.Restore();
            var passed = SocketActivation.Claim();
            if (!alone && s_takeoverFrom is { } from)
            {
                return TakeOver(Path.GetFullPath(from), passed, command, manager, supervisor);
            }

            supervisor?.Join(1);
            return new GenerationContext
            {
                Number = 1, StartCommand = command, Manager = manager, Activation = passed, Offers = passed?.Sockets ?? [],
                Supervisor = supervisor,
            };
        }

        var hello = new HelloFrame(HandoverVersion.Min, HandoverVersion.Max, Environment.ProcessId, GenerationContext.Release);
        // loaded before the descriptors that wait in the channel arrive: they may exhaust the limit, and then no assembly can be loaded
        _ = HandoverCodec.Decode(HandoverCodec.Encode(hello));
        var peer = UnixSockets.PeerCredentials(fd);
        var (user, home) = ((uint)peer.Uid, HomeGroupOf(peer.Pid));
        var former = Launch.FormerSettings.Claim(peer.Pid);
        var channel = new HandoverChannel(fd, onPeerGone: () => output?.Restore(), welcomes: 2); // who read our output is gone
        FailureReport.Use(channel);
        channel.TrySend(hello);
        var answer = channel.WaitForNext(WelcomeTimeout);
        ChannelEvent.Received? ahead = null;
        if (answer is ChannelEvent.Received { Frame: WelcomeFrame { Version: HandoverVersion.AheadOfHello } } first)
        {
            (ahead, answer) = (first, channel.WaitForNext(WelcomeTimeout));
        }

        if (answer is ChannelEvent.Closed { Error: null } && supervisor is null && ahead is { Frame: WelcomeFrame left })
        {
            // The channel's subscriber learns that it has ended.
            return FromWelcome(left, ahead.Fds, command, channel, user, output, manager, supervisor, former, home: home);
        }

        if (ahead is not null)
        {
            HandoverChannel.CloseDescriptors(ahead);
        }

        switch (answer)
        {
            case ChannelEvent.Received { Frame: WelcomeFrame welcome } received:
                supervisor?.Join(welcome.Generation);
                return FromWelcome(welcome, received.Fds, command, channel, user, output, manager, supervisor, former, home: home);
            case ChannelEvent.Received { Frame: RefusedFrame refused }:
                throw new HandoverRefusedException(refused.Reason);
            case ChannelEvent.Received { Frame: StopFrame stop }:
                throw new HandoverRefusedException(stop.Reason);
            case ChannelEvent.Received { Frame: var other }:
                throw new HandoverRefusedException($"the predecessor answered hello with {other.GetType().Name}");
            case ChannelEvent.Closed { Error: { } error }:
                // It lives, and keeps what it offered: this process had no room for the sockets, or cannot read the welcome.
                channel.Dispose();
                throw new HandoverRefusedException(error.TrimEnd('.'));
            default:
                channel.Dispose();
                if (supervisor is not null)
                {
                    throw new HandoverRefusedException(
                        "the predecessor died before it handed over; the supervisor, which holds its sockets, starts another");
                }

                // It died as soon as it had started this process, and with it its sockets: this generation binds its own.
                return new GenerationContext
                {
                    Number = generation, StartCommand = command, Orphaned = true, Output = output, Manager = manager, HomeGroup = home,
                };
        }
    }

    private static GenerationContext TakeOver(
        string path, SocketActivation? passed, StartCommand command, NotifySettings? manager, SupervisorLink? supervisor)
    {
        if (passed is not null)
        {
            throw new HandoverRefusedException(
                $"the service manager has passed sockets, and those of the service at {path} are to be taken over (--takeover, "
                + "ips.takeover.from): only one of the two can be");
        }

        var (channel, user) = Connect(path);
        FailureReport.Use(channel);
        channel.TrySend(new HelloFrame(HandoverVersion.Min, HandoverVersion.Max, Environment.ProcessId, GenerationContext.Release));
        try
        {
            switch (channel.WaitForNext(TakeoverTimeout))
            {
                case ChannelEvent.Received { Frame: WelcomeFrame welcome } received:
                    supervisor?.Join(welcome.Generation);
                    return FromWelcome(welcome, received.Fds, command, channel, user, output: null, manager, supervisor, isTakeover: true);
                case ChannelEvent.Received { Frame: RefusedFrame refused }:
                    throw new HandoverRefusedException(refused.Reason);
                case ChannelEvent.Received { Frame: StopFrame stop }:
                    throw new HandoverRefusedException(stop.Reason);
                case ChannelEvent.Received { Frame: var other }:
                    throw new HandoverRefusedException($"the service at {path} answered hello with {other.GetType().Name}");
                default:
                    throw new HandoverRefusedException($"the service at {path} ended the connection before it handed over");
            }
        }
        catch (Exception e) when (e is HandoverRefusedException or TimeoutException)
        {
            channel.Dispose();
            throw e as HandoverRefusedException
                ?? new HandoverRefusedException($"the service at {path} has not answered within {TakeoverTimeout.TotalSeconds:0} s");
        }
    }

    private static (HandoverChannel Channel, uint User) Connect(string path)
    {
        try
        {
            var fd = HandoverSockets.Connect(path);
            var user = (uint)UnixSockets.PeerCredentials(fd).Uid;
            return (new HandoverChannel(fd), user);
        }
        catch (PosixException e)
        {
            throw new HandoverRefusedException(e.Errno switch
            {
                Errno.ENOENT => $"there is no socket {path} to take over from; the running service must offer it (ips.takeover.socket)",
                Errno.ECONNREFUSED => $"nobody listens on {path}: there is no service to take over from",
                Errno.EACCES => $"this user may not connect to {path}; the running service says who may (ips.takeover.group)",
                Errno.EPROTOTYPE => $"{path} is a socket of another kind; the one to take over from is ips.takeover.socket of the "
                    + "running service",
                Errno.EAGAIN => $"the service at {path} accepts nobody",
                _ => e.Message,
            });
        }
    }

    private static GenerationContext FromWelcome(
        WelcomeFrame welcome, IReadOnlyList<int> fds, StartCommand command, HandoverChannel channel, uint user, InheritedOutput? output,
        NotifySettings? manager, SupervisorLink? supervisor, IReadOnlyDictionary<string, string>? former = null, bool isTakeover = false,
            int? home = null)
    {
        var expected = welcome.Endpoints.Count + (welcome.Lock ? 1 : 0) + (welcome.Control ? 1 : 0);
        if (fds.Count != expected)
        {
            // A receiver short of descriptors silently loses those that do not fit.
            throw new HandoverRefusedException(
                $"welcome came with {fds.Count} of {expected} descriptors; raise the limit of open files (ulimit -n)");
        }

        var next = welcome.Endpoints.Count;
        if (fds.Take(next).Any(fd => !ListeningSockets.IsListening(fd)) || (welcome.Control && !ListeningSockets.IsListening(fds[^1])))
        {
            throw new HandoverRefusedException("welcome came with descriptors that are no listening sockets");
        }

        return new GenerationContext
        {
            Number = welcome.Generation,
            StartCommand = command,
            Predecessor = channel,
            Welcome = welcome,
            PredecessorUser = user,
            FormerSettings = former,
            IsTakeover = isTakeover,
            HomeGroup = home,
            Supervisor = supervisor,
            Output = output,
            Manager = manager,
            Offers = [.. welcome.Endpoints.Select((endpoint, i) =>
                new OfferedSocket(endpoint.Endpoint, endpoint.Ordinal, fds[i], endpoint.External))],
            LockFd = welcome.Lock ? fds[next++] : null,
            ControlFd = welcome.Control ? fds[next] : null,
        };
    }

    // Null if the predecessor has died, or has started this process in its own group, as earlier releases do.
    private static int? HomeGroupOf(int predecessor)
    {
        var own = Environment.ProcessId;
        return predecessor > 0 && Processes.GroupOf(own) == own && Processes.SessionOf(predecessor) == Processes.SessionOf(own)
            && Processes.GroupOf(predecessor) is { } group && group != own ? group : null;
    }
    /// <summary>The command line, environment and logical directory of this process, as the next one is to have them.</summary>
    internal static StartCommand CaptureStartCommand()
    {
        var environment = ProcessStart.ReadStartEnvironment();
        var (arguments, real) = (ProcessStart.ReadCommandLine(), Directory.GetCurrentDirectory());
        var directory = StartCommand.LogicalDirectory(environment.GetValueOrDefault("PWD"), real, arguments, FileIdentity.AreSame);
        return StartCommand.From(arguments, environment, directory, Environment.ProcessPath ?? "", File.Exists)
            .Overridden(environment.GetValueOrDefault(HandoverVariables.Command));
    }

    /// <summary>Links that lead to the working directory, of which this process cannot know whether it was started by one; empty if it
    /// knows.</summary>
    internal static IReadOnlyList<string> UnknownLinks(StartCommand command) =>
        command.Environment.GetValueOrDefault("PWD") is { } pwd && FileIdentity.AreSame(pwd, command.WorkingDirectory) ? []
            : command.WorkingDirectory == Directory.GetCurrentDirectory() ? WorkingDirectoryLinks.Find(command.WorkingDirectory) : [];

    // Out of the environment as well: a child, or a library of the app that tells systemd of its own accord, would speak for a generation
    // that is not the main one. Successors start with the environment that this process was started with.
    private static NotifySettings? ClaimManager(bool inherits)
    {
        var settings = NotifySettings.Read(
            Environment.GetEnvironmentVariable, Environment.ProcessId, inherits,
            Environment.GetEnvironmentVariable(HandoverVariables.SupervisorPid));
        foreach (var name in (string[])[NotifySettings.SocketVariable, NotifySettings.WatchdogVariable, NotifySettings.WatchdogPidVariable])
            s_managerVariables[name] = HandoverVariables.Take(name);
        return settings;
    }

    /// <summary>Ips does nothing in this process: what the service manager told it is anybody's again.</summary>
    public static void ReturnManager()
    {
        foreach (var (name, value) in s_managerVariables) Environment.SetEnvironmentVariable(name, value);
    }

    // Meant for this process only, and not for what it starts.
    private static int? TakeChannel() =>
        HandoverVariables.Take(HandoverVariables.Fd) is { } text
            ? HandoverVariables.ToDescriptor(text) ?? throw new HandoverRefusedException(
                $"{HandoverVariables.Fd} is '{text}'; it must be an open descriptor of 3 or more")
            : null;
}
