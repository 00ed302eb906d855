namespace Ips.Host.Inventory.Storage;

/// <summary>Which store it is. A predecessor tells its successor, which refuses to open another one.</summary>
/// <param name="Id">The UUID that the store was given when it was made, or when a build that knows of it first opened it; null
/// before.</param>
/// <param name="File">Which file it is, for SQLite; null for a server. A copy of a store has the same UUID, and is another file.</param>
/// <param name="Place">A path, or host and database; never a password.</param>
internal sealed record StoreIdentity(string? Id, string? File, string Place)
{
    /// <summary>The name of the fact that a predecessor tells, of the option <c>--accept-store</c> and of the health check.</summary>
    public const string FactName = "store";

    private const string None = "-";

    /// <summary>As it is told: UUID, file and place, with a blank between them.</summary>
    public string ToFact() => $"{Id ?? None} {File ?? None} {Place}";

    /// <summary>What was told; null if it is nothing of this form, as another build may have another one.</summary>
    public static StoreIdentity? FromFact(string? fact) =>
        fact?.Split(' ', 3) is [var id, var file, { Length: > 0 } place]
            ? new StoreIdentity(id == None ? null : id, file == None ? null : file, place) : null;

    /// <summary>Why a successor must not open this store.</summary>
    /// <param name="running">What the running service has open.</param>
    /// <returns>One or two sentences; null if it may.</returns>
    public string? Refusal(StoreIdentity running) =>
        Id != running.Id
            ? $"This release opens another store than the running service: {Place} ({Named(Id)}), "
                + $"and the service has {running.Place} ({Named(running.Id)}). {Remedy}"
        : File is not null && running.File is not null && File != running.File
            ? $"This release opens another file than the running service: {Place} has the same UUID {Id} as {running.Place}, "
                + $"which the service has open, but is a copy, or took its place. {Remedy}"
        : null;

    /// <summary>Why there is nothing that a successor could open.</summary>
    /// <param name="place">Where it looked.</param>
    /// <param name="running">What the running service has open; null if it has not told.</param>
    public static string Missing(string place, StoreIdentity? running) =>
        $"There is no store at {place}, and only the first start of a service makes one. "
        + (running is null ? "ips.store.path or ips.store.postgres names it."
            : $"The running service has {running.Place} ({Named(running.Id)}) open. {Remedy}");

    private const string Remedy =
        "Correct ips.store.path or ips.store.postgres; if another store is meant, such as a restored backup, reload with --accept-store.";

    private static string Named(string? id) => id is null ? "no UUID" : $"UUID {id}";
}
