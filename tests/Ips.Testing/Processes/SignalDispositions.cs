using System.Runtime.InteropServices;

namespace Ips.Testing.Processes;

/// <summary>How the tests' own process takes signals, as far as it hands that on.</summary>
internal static partial class SignalDispositions
{
    private const nint SigErr = -1, SigDfl = 0, SigIgn = 1;

    private static readonly Lazy<bool> Done = new(() =>
    {
        // Any function that does nothing: a handler is replaced by the default action in what is executed, and an ignored signal is not. So
        // children get the default, while the tests themselves still survive the end of their terminal, or ^C in a script's foreground.
        var nothing = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "getpid");
        foreach (var signal in (int[])[ProcessTable.SigHup, ProcessTable.SigInt, ProcessTable.SigQuit])
        {
            var before = Signal(signal, SigDfl);
            if (before == SigErr || Signal(signal, before == SigIgn ? nothing : before) == SigErr)
                throw new InvalidOperationException($"signal({signal}): {Marshal.GetLastPInvokeErrorMessage()}");
        }

        return true;
    });

    /// <summary>Makes sure that what is started from now on does not ignore SIGHUP, SIGINT and SIGQUIT because the tests run under
    /// <c>nohup</c> or as a
    /// background job of a script.</summary>
    public static void HandOnDefaults() => _ = Done.Value;

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint Signal(int signal, nint handler);
}
