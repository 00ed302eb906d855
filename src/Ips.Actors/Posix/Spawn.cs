using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Starts a process with posix_spawn(3): .NET must not fork, and its Process can neither place descriptors nor make a
/// session.</summary>
/// <remarks>
/// In the child: SIGHUP, SIGUSR1 and SIGUSR2 are blocked until it unblocks them (<see cref="SignalMask"/>), so that a signal during its
/// start is neither lost nor fatal, and all others are not. A signal that this process ignores stays ignored, as after exec(2), with two
/// exceptions: SIGPIPE, which every .NET process ignores whether asked to or not, and SIGINT and SIGQUIT in a child without a terminal. A
/// shell makes a background job ignore these two because of the terminal's keys; without a terminal, their sender means the child. All
/// others have their default action. Descriptors of 3 and more that the request does not name are closed in the child, also those that
/// this process inherited. Nobody else waits for the child: see <see cref="Processes.WaitAsync"/>.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class Spawn
{
    /// <summary>Signals that the child starts with blocked.</summary>
    internal static readonly int[] Blocked = [SignalNumbers.SIGHUP, SignalNumbers.SIGUSR1, SignalNumbers.SIGUSR2];

    /// <summary>Starts the process and returns its id as soon as the program runs in it.</summary>
    /// <exception cref="PosixException">The program or its working directory is missing (ENOENT), may not be run (EACCES) or is not a
    /// program (ENOEXEC); no descriptor (EMFILE), process (EAGAIN) or memory is left.</exception>
    /// <exception cref="ArgumentException">A file name without a slash, no argv[0], a NUL inside a text, a variable without a name, or
    /// two descriptors for one target.</exception>
    internal static int Start(SpawnRequest request)
    {
        Check(request);
        var duplicates = new List<int>(request.Descriptors.Count);
        using var arguments = new TextVector(request.Arguments);
        using var environment = new TextVector(request.Environment.Select(variable => $"{variable.Key}={variable.Value}"));
        void* actions = stackalloc ulong[Libc.SpawnObjectSizeBytes / sizeof(ulong)];
        void* attributes = stackalloc ulong[Libc.SpawnObjectSizeBytes / sizeof(ulong)];

        Throw("posix_spawn_file_actions_init", Libc.FileActionsInit(actions));
        try
        {
            Throw("posix_spawnattr_init", Libc.SpawnAttributesInit(attributes));
            try
            {
                AddDescriptors(actions, request, duplicates);
                if (request.WorkingDirectory is { } directory)
                {
                    fixed (byte* path = NativeText.EncodeWithNul(directory))
                        Throw("posix_spawn_file_actions_addchdir_np", Libc.FileActionsAddChdir(actions, path));
                }

                SetSignals(attributes, request);
                fixed (byte* path = NativeText.EncodeWithNul(request.FileName))
                {
                    int pid;
                    var errno = Libc.PosixSpawn(&pid, path, actions, attributes, arguments.Pointer, environment.Pointer);
                    return errno == 0 ? pid : throw new PosixException("posix_spawn", errno, Describe(request));
                }
            }
            finally
            {
                _ = Libc.SpawnAttributesDestroy(attributes); // cannot fail in either library
            }
        }
        finally
        {
            _ = Libc.FileActionsDestroy(actions); // cannot fail in either library
            duplicates.ForEach(FileDescriptors.Close);
        }
    }

    private static void Check(SpawnRequest request)
    {
        if (!request.FileName.Contains('/'))
            throw new ArgumentException($"The program '{request.FileName}' has no slash; PATH is not searched.", nameof(request));
        if (request.Arguments.Count == 0) throw new ArgumentException("The arguments lack argv[0].", nameof(request));
        if (request.Environment.Keys.FirstOrDefault(name => name.Length == 0 || name.Contains('=')) is { } bad)
            throw new ArgumentException($"'{bad}' cannot be the name of a variable.", nameof(request));
        if (request.Descriptors.Any(pair => pair.TargetFd < 0)
            || request.Descriptors.DistinctBy(pair => pair.TargetFd).Count() != request.Descriptors.Count)
            throw new ArgumentException("Each descriptor needs a target of its own, 0 or more.", nameof(request));
    }

    private static void AddDescriptors(void* actions, SpawnRequest request, List<int> duplicates)
    {
        // Through numbers above every target: dup2(n, n) would leave FD_CLOEXEC set, and a target may be the number of a later source.
        var minimum = request.Descriptors.Count == 0 ? 0 : request.Descriptors.Max(pair => pair.TargetFd) + 1;
        foreach (var (fd, target) in request.Descriptors)
        {
            var high = FileDescriptors.DuplicateHigh(fd, minimum);
            duplicates.Add(high);
            Throw("posix_spawn_file_actions_adddup2", Libc.FileActionsAddDup2(actions, high, target));
        }

        // Not by close_range(2) or posix_spawn_file_actions_addclosefrom_np(3), which not every C library and kernel has. All of ours have
        // FD_CLOEXEC, so what is left are those that somebody passed to this process. A close of one that is gone by then does no harm.
        foreach (var fd in FileDescriptors.Inheritable())
        {
            if (request.Descriptors.All(pair => pair.TargetFd != fd))
                Throw("posix_spawn_file_actions_addclose", Libc.FileActionsAddClose(actions, fd));
        }
    }

    private static void SetSignals(void* attributes, SpawnRequest request)
    {
        var toDefault = SignalSet.Of();
        var noTerminal = request.NewSession || !Terminal.IsControlling;
        for (var signal = 1; signal <= SignalNumbers.Last; signal++)
        {
            if (signal is SignalNumbers.SIGKILL or SignalNumbers.SIGSTOP) continue;
            // 32 to 34 are the C library's own: it refuses to tell about them, and glibc would leave them ignored in the child.
            var ofKeys = signal is SignalNumbers.SIGINT or SignalNumbers.SIGQUIT;
            var reset = signal is SignalNumbers.SIGPIPE or 32 or 33 or 34 || (ofKeys && noTerminal)
                || !Signals.IsIgnored(signal);
            if (reset) toDefault[0] |= SignalSet.Of(signal)[0];
        }

        var blocked = SignalSet.Of(Blocked);
        Throw("posix_spawnattr_setsigdefault", Libc.SpawnAttributesSetSigDefault(attributes, (ulong*)&toDefault));
        Throw("posix_spawnattr_setsigmask", Libc.SpawnAttributesSetSigMask(attributes, (ulong*)&blocked));
        var flags = Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK
            | (request.NewSession ? Libc.POSIX_SPAWN_SETSID : 0)
            | (request.NewGroup ? Libc.POSIX_SPAWN_SETPGROUP : 0); // of group 0, as initialized: its own
        Throw("posix_spawnattr_setflags", Libc.SpawnAttributesSetFlags(attributes, (short)flags));
    }

    private static string Describe(SpawnRequest request) =>
        request.WorkingDirectory is { } directory ? $"{request.FileName} in {directory}" : request.FileName;

    private static void Throw(string call, int errno)
    {
        if (errno != 0) throw new PosixException(call, errno);
    }
}

/// <summary>A process to start.</summary>
/// <param name="FileName">The program's path: absolute, or with a slash and then relative to <paramref name="WorkingDirectory"/>. PATH is
/// not searched.</param>
/// <param name="Arguments">argv, with argv[0].</param>
/// <param name="Environment">The whole environment; nothing of this process's is added.</param>
/// <param name="WorkingDirectory">Where the child starts; null: where this process is.</param>
/// <param name="Descriptors">Open descriptors of this process and the numbers that they get in the child. Its 0, 1 and 2 are this
/// process's own unless named as a target; it gets no other. The caller keeps its descriptors.</param>
/// <param name="NewSession">Whether the child leads a session of its own, without a terminal. See setsid(2).</param>
/// <param name="NewGroup">Whether the child leads a process group of its own, so that it and what it starts can be ended together. See
/// setpgid(2).</param>
[SupportedOSPlatform("linux")]
internal sealed record SpawnRequest(
    string FileName, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string? WorkingDirectory,
    IReadOnlyList<(int Fd, int TargetFd)> Descriptors, bool NewSession, bool NewGroup = false);
