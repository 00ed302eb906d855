namespace Ips.Host.Inventory;

/// <summary>One checked object.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Id">Its id, unique in its class.</param>
/// <param name="Values">One value for each of <see cref="ObjectClass.Fields"/>; the types are those of <see cref="FieldKind"/>.</param>
internal sealed record InventoryObject(ObjectClass Class, string Id, IReadOnlyList<object?> Values)
{
    /// <summary>Every address with the slot of its field, each pair once: the rows of the address index.</summary>
    public IEnumerable<(InetAddress Address, int Slot)> Addresses
    {
        get
        {
            HashSet<(InetAddress, int)> seen = [];
            for (var i = 0; i < Values.Count; i++)
            {
                var slot = Class.Fields[i].Slot;
                InetAddress[] held = Values[i] switch { InetAddress one => [one], InetAddress[] many => many, _ => [] };
                foreach (var address in held)
                    if (seen.Add((address, slot))) yield return (address, slot);
            }
        }
    }

    /// <summary>The owners, each once: the rows of the owner index.</summary>
    public IEnumerable<string> Owners => ((string[])Values[Class.OwnerIndex]!).Distinct(StringComparer.Ordinal);

    /// <summary>The value that filters compare with <paramref name="column"/>, or null if the class has no such column.</summary>
    public object? ColumnValue(string column)
    {
        for (var i = 0; i < Values.Count; i++)
            if (Class.Fields[i].Column == column) return Values[i];
        return null;
    }
}
