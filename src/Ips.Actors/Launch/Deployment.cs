namespace Ips.Actors.Launch;

/// <summary>Where the releases of a service are, which of them serves, and which one its next start takes.</summary>
/// <param name="Folder">The folder that holds <c>current</c> and <c>releases/</c>.</param>
/// <param name="Program">The program, relative to a release's folder.</param>
internal sealed record Deployment(string Folder, string Program)
{
    /// <summary>The release that serves; null if it is in none of them.</summary>
    public string? Serves { get; init; }

    /// <summary>The release that <c>current</c> names; null if it names none.</summary>
    public string? Current { get; init; }

    /// <summary>When <c>ips rollback</c> pinned the release that <c>current</c> names; null if it did not.</summary>
    public DateTimeOffset? PinnedSince { get; init; }
}
