namespace Ips.Host.Inventory.Storage;

/// <summary>The store cannot be used now. Unless the trouble is <see cref="StoreTrouble.InDoubt"/>, nothing was written.</summary>
internal sealed class StoreAwayException(string store, StoreTrouble trouble, string reason, Exception? inner = null)
    : Exception($"{store}: {StoreTroubleText.Of(trouble)}: {reason}", inner)
{
    /// <summary>What is wrong.</summary>
    public StoreTrouble Trouble => trouble;

    /// <summary>Only writes fail.</summary>
    public bool ReadsGoOn => trouble is StoreTrouble.Full or StoreTrouble.ReadOnly or StoreTrouble.Replaced;
}
