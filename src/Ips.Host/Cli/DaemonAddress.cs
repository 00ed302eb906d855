namespace Ips.Host.Cli;

/// <summary>Where a running daemon is talked to.</summary>
/// <param name="SocketPath">Its control socket.</param>
/// <param name="PidFile">Its PID file; null if it was named by its PID.</param>
internal sealed record DaemonAddress(string SocketPath, string? PidFile)
{
    /// <summary>What became of the process that was asked for, if this is another one; for the user.</summary>
    internal string? Note { get; init; }
}

/// <summary>A command cannot be carried out. The message is for the user.</summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>See <see cref="CliExitCode"/>.</summary>
    internal int ExitCode { get; } = exitCode;
}
