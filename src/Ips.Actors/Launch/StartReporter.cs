using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>The daemon's end of the pipe on which <c>ips start</c> waits, and a successor's word to its predecessor. Does nothing in a
/// process that nobody waits for.</summary>
[SupportedOSPlatform("linux")]
internal static class StartReporter
{
    private static readonly Lazy<int?> Descriptor = new(() =>
        HandoverVariables.ToDescriptor(HandoverVariables.Take(HandoverVariables.StartFd)));

    private static int _sent;

    /// <summary>Says that the daemon could not start: to <c>ips start</c>, and in a successor to the predecessor, whose receipt has it as
    /// the reason. Only the first report of a process is sent, and none to a predecessor that has left the service to it.</summary>
    /// <param name="exitCode">The code that it is about to exit with.</param>
    /// <param name="error">Why, for a person.</param>
    public static void ReportFailure(int exitCode, string error)
    {
        FailureReport.Tell(error);
        Send(StartReport.Failed(exitCode, error));
    }

    /// <summary>Says that the daemon serves.</summary>
    internal static void ReportServing(int pid, int generation, IReadOnlyList<string> endpoints) =>
        Send(StartReport.Serving(pid, generation, endpoints));

    /// <summary>Takes the descriptor out of the environment, so that no child process finds it there.</summary>
    internal static void Claim() => _ = Descriptor.Value;

    private static void Send(StartReport report)
    {
        if (Descriptor.Value is not { } fd || Interlocked.Exchange(ref _sent, 1) != 0)
        {
            return;
        }

        try
        {
            FileDescriptors.WriteAll(fd, report.Encode());
        }
        catch (PosixException e) when (e.Errno == Errno.EPIPE)
        {
            // The launcher was interrupted: the daemon is on its own, which is what it was made for.
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }
}
