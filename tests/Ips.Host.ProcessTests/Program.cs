using Ips.Actors.Posix;

namespace Ips.Host.ProcessTests;

/// <summary>The test's own executable as a process beside the service: the kernel names it as the peer, and what ends it does not end the
/// test.</summary>
internal static class Program
{
    /// <summary>Connects to a handover socket, gives the connection to the test, and stays until the test lets go.</summary>
    /// <param name="arguments">The handover socket, and the socket on which the test waits.</param>
    private static int Main(string[] arguments)
    {
        var connection = HandoverSockets.Connect(arguments[0]);
        var test = HandoverSockets.Connect(arguments[1]);
        if (!FdPassing.TrySend(test, [1], [connection])) return 1;
        FileDescriptors.Close(connection); // the test has it: this process holds nothing open
        Poll.WaitForOne(test, PollEvents.Readable);
        return 0;
    }
}
