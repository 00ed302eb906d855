namespace Ips.Actors.HttpFront;

/// <summary>Whether the app itself says that it can serve.</summary>
internal interface IHealthProbe
{
    /// <summary>Null if every check passes, else which do not and why.</summary>
    Task<string?> CheckAsync(CancellationToken cancellationToken);
}
