using Ips.Actors.Posix;

namespace Ips.Actors.Hosting;

/// <summary>Starts a process that is on its own: a session of its own, its own directory, and no descriptor but the named ones.</summary>
internal static class DetachedProcess
{
    /// <summary>Spawns it with posix_spawn. Until it has registered its handlers, SIGHUP, SIGUSR1 and SIGUSR2 wait.</summary>
    /// <param name="fileName">The program, a path with a slash; symbolic links are kept as argv[0].</param>
    /// <param name="arguments">The arguments after argv[0].</param>
    /// <param name="environment">The whole environment.</param>
    /// <param name="workingDirectory">Its working directory.</param>
    /// <param name="descriptors">Descriptors of ours, and their numbers in the process; 0, 1 and 2 are inherited unless named.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="IOException">It could not be started: missing, not executable, wrong format.</exception>
    public static int Start(
        string fileName, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string workingDirectory,
        IReadOnlyList<(int Fd, int TargetFd)> descriptors) =>
        Spawn.Start(new SpawnRequest(fileName, [fileName, .. arguments], environment, workingDirectory, descriptors, NewSession: true));
}
