using System.Globalization;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Starts a generation, for its predecessor, the supervisor, and a draining generation that restarts the service.</summary>
[SupportedOSPlatform("linux")]
internal static class GenerationSpawn
{
    /// <summary>The handover channel's descriptor in the process.</summary>
    public const int ChannelFd = 3;

    /// <summary>Spawns the process, with a handover channel.</summary>
    /// <param name="command">The command, with the environment.</param>
    /// <param name="generation">Its number.</param>
    /// <param name="descriptors">Further descriptors, each with its number there.</param>
    /// <param name="newGroup">It leads a process group of its own.</param>
    /// <returns>Its PID, and this end of the channel.</returns>
    /// <exception cref="IOException">It could not be started: missing, not executable, wrong format; or no descriptor is left.</exception>
    public static (int Pid, int Channel) Start(
        StartCommand command, int generation, IReadOnlyList<(int Fd, int TargetFd)> descriptors, bool newGroup = false)
    {
        var (ours, theirs) = FdPassing.SocketPair();
        try
        {
            var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal)
            {
                [HandoverVariables.Fd] = ChannelFd.ToString(CultureInfo.InvariantCulture),
                [HandoverVariables.Generation] = generation.ToString(CultureInfo.InvariantCulture),
            };
            return (Start(command with { Environment = environment }, [(theirs, ChannelFd), .. descriptors], newGroup), ours);
        }
        catch
        {
            FileDescriptors.Close(ours);
            throw;
        }
        finally
        {
            FileDescriptors.Close(theirs);
        }
    }

    /// <summary>The same without a channel: a first generation.</summary>
    public static int Start(StartCommand command, IReadOnlyList<(int Fd, int TargetFd)> descriptors, bool newGroup = false) =>
        Spawn.Start(new SpawnRequest(
            command.FileName, command.Arguments, command.Environment, command.WorkingDirectory, descriptors, NewSession: false,
            NewGroup: newGroup));
}
