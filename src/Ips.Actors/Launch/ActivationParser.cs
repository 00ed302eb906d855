using System.Globalization;

namespace Ips.Actors.Launch;

/// <summary>Reads the variables of sd_listen_fds(3). Pure.</summary>
internal static class ActivationParser
{
    internal const string CountVariable = "LISTEN_FDS", PidVariable = "LISTEN_PID", NamesVariable = "LISTEN_FDNAMES";

    private const int FirstFd = 3, MaxFds = 1024;

    /// <summary>What was passed to this process.</summary>
    /// <param name="variable">The value of an environment variable; null if there is none.</param>
    /// <param name="pid">This process.</param>
    /// <returns>Empty if nothing was, or it was meant for another process.</returns>
    /// <exception cref="SocketActivationException">The variables contradict themselves.</exception>
    public static IReadOnlyList<PassedSocket> Parse(Func<string, string?> variable, int pid)
    {
        var count = variable(CountVariable);
        if (count is null || variable(PidVariable) != pid.ToString(CultureInfo.InvariantCulture)) return [];
        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var fds) || fds > MaxFds)
            throw new SocketActivationException(
                $"{CountVariable} is '{count}'; the service manager sets it to a number from 0 to {MaxFds}.");
        var names = variable(NamesVariable)?.Split(':') ?? [];
        if (names.Length > 0 && names.Length != fds)
            throw new SocketActivationException($"{NamesVariable} has {names.Length} names for {fds} sockets ({CountVariable}).");
        return [.. Enumerable.Range(0, fds).Select(i => new PassedSocket(FirstFd + i, names.Length > 0 ? names[i] : "unknown"))];
    }
}
