namespace Ips.Host.Inventory.Storage;

/// <summary>One access key.</summary>
/// <param name="Name">The public part: what requests carry as <c>accesskey</c>.</param>
/// <param name="Secret">The secret part. Kept as it is: an HMAC cannot be checked with a digest of its key.</param>
/// <param name="PreviousSecret">The secret before the last rotation, or null.</param>
/// <param name="PreviousUntil">Until when <paramref name="PreviousSecret"/> is still accepted.</param>
/// <param name="CanWrite">False: a read-only key.</param>
/// <param name="IsEnabled">False: disabled.</param>
/// <param name="Created">When the key was made.</param>
/// <param name="Note">The operator's own words.</param>
internal sealed record AccessKey(
    string Name, string Secret, string? PreviousSecret, DateTimeOffset PreviousUntil, bool CanWrite, bool IsEnabled, DateTimeOffset Created, string Note)
{
    /// <summary>Never shows the secrets, wherever a log or a message might print a key.</summary>
    public override string ToString() => $"AccessKey {Name}";
}
