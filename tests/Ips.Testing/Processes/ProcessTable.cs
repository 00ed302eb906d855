using System.Globalization;
using System.Runtime.InteropServices;

namespace Ips.Testing.Processes;

/// <summary>What /proc tells of any process, and kill(2). For processes that are not children of the test.</summary>
internal static partial class ProcessTable
{
    /// <summary>What <see cref="OpenFiles"/> says of a descriptor that was closed while it looked.</summary>
    public const string ClosedMeanwhile = "(closed meanwhile)";

    private const int Esrch = 3;

    /// <summary>SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGUSR2, SIGTERM, SIGCONT and SIGSTOP as Linux numbers them on x64 and
    /// arm64.</summary>
    public const int SigHup = 1, SigInt = 2, SigQuit = 3, SigKill = 9, SigUsr1 = 10, SigUsr2 = 12, SigTerm = 15, SigCont = 18, SigStop = 19;

    /// <summary>Sends a signal to one process. See kill(2).</summary>
    /// <param name="pid">Process id, 1 or more: 0 and negative ids mean process groups to kill(2), so they are refused.</param>
    /// <param name="signal">The raw number; 0 only asks whether the process exists.</param>
    /// <returns>False if there is no such process (ESRCH). A zombie still is one.</returns>
    /// <exception cref="InvalidOperationException">Any other errno.</exception>
    public static bool Signal(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        if (Kill(pid, signal) == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Esrch ? false
            : throw new InvalidOperationException($"kill({pid}, {signal}): {Marshal.GetPInvokeErrorMessage(errno)}");
    }

    /// <summary>The process exists and runs: it has not exited. A zombie has.</summary>
    public static bool IsAlive(int pid) => StateOf(pid) is not (null or 'Z' or 'X');

    /// <summary>The process has exited and nobody has waited for it.</summary>
    public static bool IsZombie(int pid) => StateOf(pid) == 'Z';

    /// <summary>The PID of the parent; null if there is no such process.</summary>
    public static int? ParentOf(int pid) => Stat(pid) is { } stat ? int.Parse(stat[1], CultureInfo.InvariantCulture) : null;

    /// <summary>The children of a process, zombies included.</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid)
    {
        List<int> children = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var other)
                && ParentOf(other) == pid)
                children.Add(other);
        }

        return children;
    }

    /// <summary>The names of a process's threads, as the kernel knows them: at most 15 characters each. Empty if there is no such
    /// process.</summary>
    public static IReadOnlyList<string> ThreadNames(int pid)
    {
        List<string> names = [];
        foreach (var folder in OrNone(() => Directory.GetDirectories($"/proc/{pid}/task")) ?? [])
        {
            // A thread may end between the two looks.
            if (OrNone(() => File.ReadAllText(Path.Combine(folder, "comm"))) is { } name) names.Add(name.TrimEnd());
        }

        return names;
    }

    /// <summary>How many file descriptors a process has open.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such process.</exception>
    public static int OpenFileDescriptors(int pid) => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count();

    /// <summary>What each open file descriptor refers to, as <c>ls -l /proc/PID/fd</c> shows it: for the message of a test that counts
    /// them.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such process.</exception>
    public static IReadOnlyList<string> OpenFiles(int pid) =>
        [.. Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(path => $"{Path.GetFileName(path)} -> {LinkOf(path)}")
            .Order(StringComparer.Ordinal)];

    /// <summary>Waits until a process has exited; a zombie has.</summary>
    /// <exception cref="TimeoutException">It still runs after <paramref name="timeout"/>.</exception>
    public static async Task WaitForEndAsync(int pid, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        // The kernel tells nobody but the parent, and a pidfd cannot be waited for without more P/Invoke: so look again.
        while (IsAlive(pid))
        {
            if (limit.IsCancellationRequested) throw new TimeoutException(
                $"Process {pid} still runs after {timeout.TotalSeconds:0.###} s.");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    /// <summary>When the process started, in clock ticks since boot: together with the PID it identifies one process uniquely, as PIDs are
    /// reused. Null if there is none.</summary>
    internal static long? StartTimeOf(int pid) => Stat(pid) is { } stat ? long.Parse(stat[19], CultureInfo.InvariantCulture) : null;

    private static char? StateOf(int pid) => Stat(pid) is { } stat ? stat[0][0] : null;

    /// <summary>The fields of /proc/PID/stat from the state on: what precedes it holds the program's name, which may hold
    /// anything.</summary>
    private static string[]? Stat(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        return OrNone(() => File.ReadAllText($"/proc/{pid}/stat")) is { } text ? text[(text.LastIndexOf(')') + 2)..].Split(' ') : null;
    }

    /// <summary>What is read of a process; null if it has ended meanwhile.</summary>
    private static T? OrNone<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || IsGone(e))
        {
            return null;
        }
    }

    /// <summary>ESRCH: the process ended between open and read.</summary>
    private static bool IsGone(Exception e) => e is IOException && (e.HResult & 0xffff) == Esrch;

    private static string LinkOf(string path) => new FileInfo(path).LinkTarget ?? ClosedMeanwhile;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
