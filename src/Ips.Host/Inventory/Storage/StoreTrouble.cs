namespace Ips.Host.Inventory.Storage;

/// <summary>Why a store cannot be used now.</summary>
internal enum StoreTrouble
{
    /// <summary>It does not answer: a server that is down or hangs, a file that cannot be read. Nothing was written.</summary>
    Away,

    /// <summary>It was lost in the middle of a commit: nobody knows whether that was done.</summary>
    InDoubt,

    /// <summary>Its disk is full. Reads go on, and nothing was written.</summary>
    Full,

    /// <summary>It takes no writes: a standby, a file system that is mounted read-only. Reads go on.</summary>
    ReadOnly,

    /// <summary>Its file is damaged.</summary>
    Corrupt,

    /// <summary>It was removed or replaced while it was open: what is written now would be lost. Reads go on.</summary>
    Replaced,
}

/// <summary>What is said of it to clients: no path and no server's name.</summary>
internal static class StoreTroubleText
{
    /// <summary>One clause.</summary>
    public static string Of(StoreTrouble trouble) => trouble switch
    {
        StoreTrouble.InDoubt => "the store went away in the middle of the write",
        StoreTrouble.Full => "the store's disk is full",
        StoreTrouble.ReadOnly => "the store takes no writes",
        StoreTrouble.Corrupt => "the store's file is damaged",
        StoreTrouble.Replaced => "the store was removed or replaced while it was open",
        _ => "the store does not answer",
    };
}
