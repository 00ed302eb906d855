namespace Ips.Host.Inventory;

/// <summary>In which order objects are answered, and which of them.</summary>
/// <param name="By">What they are ordered by.</param>
/// <param name="IsDescending">The last first.</param>
/// <param name="Prefix">Only objects whose id (or name, if ordered by it) begins with this text; null for all.</param>
/// <param name="After">Only objects after the one with this id, in an order by id; null for all. It need not exist. The total does not
/// depend on it.</param>
internal readonly record struct ObjectOrder(
    OrderField By = OrderField.Usual, bool IsDescending = false, string? Prefix = null, string? After = null);

/// <summary>What objects are ordered by. Texts compare by their UTF-8 bytes.</summary>
internal enum OrderField
{
    /// <summary>A list by id, a search by when objects were first stored.</summary>
    Usual,

    /// <summary>The id; objects of different classes with the same id by class.</summary>
    Id,

    /// <summary>The <c>hostname</c> of a host, the <c>name</c> of a switch; those with the same one by id.</summary>
    Name,
}
