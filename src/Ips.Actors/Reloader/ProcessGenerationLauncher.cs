using System.Globalization;
using Ips.Actors.Handover;
using Ips.Actors.Hosting;
using Ips.Actors.Output;
using Ips.Actors.Posix;
using Ips.Actors.Supervise;

namespace Ips.Actors.Reloader;

/// <summary>Spawns successors with posix_spawn; the handover channel is their descriptor 3.</summary>
internal sealed class ProcessGenerationLauncher(Hosting.StartCommand command, string? environmentFile = null, SupervisorLink? supervisor = null) : IGenerationLauncher
{
    /// <summary>The handover channel's descriptor in a successor.</summary>
    internal const int ChannelFd = 3;

    /// <inheritdoc/>
    public ISpawnedGeneration Launch(int generation)
    {
        var (ours, theirs) = FdPassing.SocketPair();
        CapturedOutput? output = null;
        try
        {
            output = CapturedOutput.TryCreate();
            var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal);
            if (environmentFile is not null)
            {
                EnvironmentFile.Apply(environmentFile, environment);
            }

            environment[HandoverVariables.Fd] = ChannelFd.ToString(CultureInfo.InvariantCulture);
            environment[HandoverVariables.Generation] = generation.ToString(CultureInfo.InvariantCulture);
            if (output is not null)
            {
                environment[HandoverVariables.OutputFds] = CapturedOutput.Variable;
            }

            if (supervisor is not null)
            {
                environment[HandoverVariables.SupervisorFd] = SupervisorLink.TargetFd.ToString(CultureInfo.InvariantCulture);
            }

            var pid = Spawn.Start(new SpawnRequest(
                command.FileName, command.Arguments, environment, command.WorkingDirectory, [(theirs, ChannelFd), .. output?.Descriptors ?? [], .. supervisor is null ? Array.Empty<(int, int)>() : [(supervisor.Fd, SupervisorLink.TargetFd)]],
                NewSession: false));
            output?.Start();
            return new SpawnedGeneration(pid, new HandoverChannel(ours), output);
        }
        catch (IOException)
        {
            FileDescriptors.Close(ours);
            output?.Abandon();
            throw;
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }
    }

    private sealed class SpawnedGeneration(int pid, HandoverChannel channel, CapturedOutput? output) : ISpawnedGeneration
    {
        public int Pid => pid;

        public IHandoverChannel Channel => channel;

        public ISuccessorOutput? Output => output;

        public Task<ProcessExit> Exited { get; } = Processes.WaitAsync(pid, CancellationToken.None);

        public void Signal(int signal)
        {
            // Not yet reaped, so the number still means this process.
            if (!Exited.IsCompleted)
            {
                Processes.TrySignal(pid, signal);
            }
        }

        public void Dispose() => channel.Dispose();
    }
}
