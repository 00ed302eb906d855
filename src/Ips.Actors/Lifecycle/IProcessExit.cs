namespace Ips.Actors.Lifecycle;

/// <summary>The way out of the process. Only the composition root ends it.</summary>
internal interface IProcessExit
{
    /// <summary>The exit code is decided: let the host finish its stop, and end the process in any case a little later.</summary>
    void Request(ExitCode code);
}
