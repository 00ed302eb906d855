namespace Ips.Actors.Lifecycle;

/// <summary>How a generation's process ends. The numbers are a contract with service managers.</summary>
internal enum ExitCode
{
    /// <summary>Drained, or handed over, without cutting a request.</summary>
    Clean = 0,

    /// <summary>It could not start, or it failed as a successor.</summary>
    Failed = 1,

    /// <summary>The configuration or the command line is wrong.</summary>
    Misconfigured = 2,

    /// <summary>The drain deadline, or a second stop, cut at least one request.</summary>
    Aborted = 3,

    /// <summary>A reload was refused or rolled back; only <c>ips reload</c> exits with it.</summary>
    ReloadFailed = 4,

    /// <summary>An actor failed beyond recovery; the generation drained first. The number is EX_SOFTWARE of sysexits(3).</summary>
    InternalError = 70,
}
