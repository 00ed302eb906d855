namespace Ips.Host.Cli;

/// <summary>The exit codes of the command <c>ips</c>: a contract with scripts and service managers.</summary>
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
}
