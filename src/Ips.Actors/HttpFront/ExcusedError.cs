namespace Ips.Actors.HttpFront;

/// <summary>A request's feature: a 5xx answer to it is no fault of the release.</summary>
internal sealed class ExcusedError
{
    /// <summary>The one.</summary>
    public static ExcusedError Instance { get; } = new();
}
