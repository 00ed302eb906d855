namespace Ips.Actors.Lifecycle;

/// <summary>How a reload ended.</summary>
internal enum ReloadOutcome
{
    /// <summary>The successor is the main process.</summary>
    Promoted,

    /// <summary>No successor came to serve.</summary>
    Refused,

    /// <summary>The successor served on probation and failed.</summary>
    RolledBack,

    /// <summary>A check: the successor got ready and was ended.</summary>
    Checked,

    /// <summary>This generation was told to stop meanwhile: nobody serves on.</summary>
    Stopped,
}
