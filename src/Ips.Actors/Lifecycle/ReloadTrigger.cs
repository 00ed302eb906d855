namespace Ips.Actors.Lifecycle;

/// <summary>What asked for a reload.</summary>
internal enum ReloadTrigger
{
    /// <summary>SIGUSR2 or SIGHUP.</summary>
    Signal,

    /// <summary><c>ips reload</c>, or another client of the control socket.</summary>
    Control,

    /// <summary>A process that takes over.</summary>
    Takeover,

    /// <summary>The service itself, by what <c>ips.reload.watch</c>, <c>every</c> or <c>max-memory</c> says.</summary>
    Self,
}
