namespace Ips.Host.Cli;

/// <summary>The exit codes of the command <c>ips</c>: a contract with scripts and service managers. <see cref="HelpText.ExitCodes"/> lists
/// them.</summary>
internal static class CliExitCode
{
    /// <summary>Done.</summary>
    internal const int Ok = 0;

    /// <summary>The daemon could not start, is not running, or failed.</summary>
    internal const int Failed = 1;

    /// <summary>The command line or the configuration is wrong; nothing was started or changed.</summary>
    internal const int Configuration = 2;

    /// <summary>The daemon ended, but cut requests that were still running at the drain's deadline.</summary>
    internal const int Aborted = 3;

    /// <summary>The reload was refused or rolled back; the old generation serves on.</summary>
    internal const int ReloadRefused = 4;

    /// <summary>A rollout was halted halfway: some nodes are changed and others are not. The same number as <see cref="Output"/>.</summary>
    internal const int HaltedHalfway = 5;

    /// <summary>The output could not be written, or its reader went away before it had read everything.</summary>
    internal const int Output = 5;

    /// <summary>The service was told to stop before the reload was done: nobody serves on.</summary>
    internal const int StoppedMeanwhile = 6;

    /// <summary>The daemon failed within itself; it drained first.</summary>
    internal const int Internal = 70;

    /// <summary>Interrupted by SIGINT (^C): 128 and the signal's number, as shells have it.</summary>
    internal const int Interrupted = 130;

    /// <summary>Ended by SIGTERM: 128 and the signal's number.</summary>
    internal const int Terminated = 143;
}
