namespace Ips.Actors.Control;

/// <summary>What can be asked for over the control socket. On the wire a verb is its <see cref="Handover.WireName"/>.</summary>
internal enum ControlVerb
{
    /// <summary>Where does the service stand?</summary>
    Status,

    /// <summary>Replace it by the release in place.</summary>
    Reload,

    /// <summary>A reload that stops short of handing over.</summary>
    Check,

    /// <summary>A reload or a check, on the operator's terms; a verb of its own, so that a daemon which does not know the terms answers an
    /// error.</summary>
    ReloadWith,

    /// <summary>Start the release of that name, whatever is in place; it is not in place afterwards either.</summary>
    Deploy,

    /// <summary>The same, of a release that served before.</summary>
    Rollback,

    /// <summary>A deploy on the operator's terms; a verb of its own, as <see cref="ReloadWith"/> is one.</summary>
    DeployWith,

    /// <summary>A rollback on the operator's terms.</summary>
    RollbackWith,

    /// <summary>A check of the release in a folder.</summary>
    CheckRelease,

    /// <summary>A reload to the release in place or to one by its name, which has an id: asked for again, it gets the outcome of the first
    /// time, also after a restart. Never begun twice.</summary>
    ReloadOnce,

    /// <summary>What reloads were there?</summary>
    History,

    /// <summary>Where does the service stand, again and again until the client leaves?</summary>
    Watch,

    /// <summary>Fail readiness while accepting goes on.</summary>
    Pause,

    /// <summary>End that.</summary>
    Resume,

    /// <summary>Drain and end.</summary>
    Stop,
}
