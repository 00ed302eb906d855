using System.Globalization;
using Ips.Actors.Handover;
using Ips.Actors.Hosting;
using Ips.Actors.Posix;

namespace Ips.Actors.Reloader;

/// <summary>Spawns successors with posix_spawn; the handover channel is their descriptor 3.</summary>
internal sealed class ProcessGenerationLauncher(Hosting.StartCommand command) : IGenerationLauncher
{
    private const int ChannelFd = 3;

    /// <inheritdoc/>
    public ISpawnedGeneration Launch(int generation)
    {
        var (ours, theirs) = FdPassing.SocketPair();
        try
        {
            var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal)
            {
                [HandoverVariables.Fd] = ChannelFd.ToString(CultureInfo.InvariantCulture),
                [HandoverVariables.Generation] = generation.ToString(CultureInfo.InvariantCulture),
            };
            var pid = Spawn.Start(new SpawnRequest(
                command.FileName, command.Arguments, environment, command.WorkingDirectory, [(theirs, ChannelFd)], NewSession: false));
            return new SpawnedGeneration(pid, new HandoverChannel(ours));
        }
        catch (PosixException)
        {
            FileDescriptors.Close(ours);
            throw;
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }
    }

    private sealed class SpawnedGeneration(int pid, HandoverChannel channel) : ISpawnedGeneration
    {
        public int Pid => pid;

        public IHandoverChannel Channel => channel;

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
