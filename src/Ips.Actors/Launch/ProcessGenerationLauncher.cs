using System.Globalization;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Output;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Spawns successors.</summary>
/// <param name="command">The command.</param>
/// <param name="environmentFile">The file that refreshes the environment; null for none.</param>
/// <param name="supervisor">The supervisor; null if there is none.</param>
/// <param name="settings">Asked, when a successor is started, for the configuration of this generation, key by key.</param>
/// <param name="changingFiles">Files in the working directory that change without a new release: the log, the PID file.</param>
[SupportedOSPlatform("linux")]
internal sealed class ProcessGenerationLauncher(
    StartCommand command, string? environmentFile = null, SupervisorLink? supervisor = null,
    Func<IReadOnlyDictionary<string, string>>? settings = null, IReadOnlyCollection<string?>? changingFiles = null)
    : IGenerationLauncher
{
    public ReleaseStamp? InPlace(string? folder = null)
    {
        try
        {
            return ReleaseStamps.Take(Of(folder), [environmentFile], changingFiles ?? []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // its launch says what is wrong with it
        }
    }

    public ISpawnedGeneration Launch(int generation, string? folder = null)
    {
        var release = Of(folder);
        var output = CapturedOutput.TryCreate();
        try
        {
            var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal);
            if (environmentFile is not null)
            {
                EnvironmentFile.Apply(environmentFile, environment);
            }

            // Its own look at the links could come after the next deploy, and fix the paths of this one for ever. A release that is not
            // in place knows the links as well: the next reload goes by them again.
            environment[HandoverVariables.Command] = StartCommand.Encode(command.WorkingDirectory, [command.FileName,
                .. command.Arguments.Skip(1)]);
            if (output is not null)
            {
                environment[HandoverVariables.OutputFds] = CapturedOutput.Variable;
            }

            if (settings is not null)
            {
                environment[HandoverVariables.Settings] = FormerSettings.Encode(Environment.ProcessId, settings());
            }

            if (supervisor is not null)
            {
                environment[HandoverVariables.SupervisorFd] = SupervisorLink.TargetFd.ToString(CultureInfo.InvariantCulture);
            }

            var files = ReleaseFiles.Take(release.FileName, release.Arguments);
            var (pid, channel) = GenerationSpawn.Start(
                release with { Environment = environment }, generation,
                [.. output?.Descriptors ?? [],
                    .. supervisor is null ? Array.Empty<(int, int)>() : [(supervisor.Fd, SupervisorLink.TargetFd)]],
                newGroup: true);
            output?.Start();
            return new SpawnedGeneration(pid, new HandoverChannel(channel), output, files);
        }
        catch (IOException)
        {
            output?.Abandon();
            throw;
        }
    }

    private StartCommand Of(string? folder) =>
        folder is null ? command : command.Moved(ReleaseLink.RootOf(command, GenerationContext.EntryFile), folder);

    private sealed class SpawnedGeneration : ISpawnedGeneration
    {
        private readonly HandoverChannel _channel;
        private readonly CapturedOutput? _output;
        private readonly ReleaseFiles _files;
        private volatile bool _letGo;

        public SpawnedGeneration(int pid, HandoverChannel channel, CapturedOutput? output, ReleaseFiles files)
        {
            (Pid, _channel, _output, _files) = (pid, channel, output, files);
            Exited = Processes.WaitAsync(pid, CancellationToken.None, beforeReap: EndGroup);
        }

        public int Pid { get; }

        public IHandoverChannel Channel => _channel;

        public ISuccessorOutput? Output => _output;

        public Task<ProcessExit> Exited { get; }

        public void Signal(int signal)
        {
            // Not yet reaped, so the number still means this process.
            if (!Exited.IsCompleted)
            {
                Processes.TrySignal(Pid, signal);
            }
        }

        public string? Explain(ProcessExit exit) => _files.Explain(exit);

        public void LetGo() => _letGo = true;

        public void Dispose()
        {
            if (!_letGo) _output?.Close();
            _channel.Dispose();
        }

        private void EndGroup()
        {
            if (!_letGo) Processes.KillGroup(Pid);
        }
    }
}
