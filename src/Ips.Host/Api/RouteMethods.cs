namespace Ips.Host.Api;

/// <summary>Metadata of a route: its methods and the query parameters that each of them takes. A route without it takes none.</summary>
/// <param name="Pattern">The path.</param>
/// <param name="Methods">The methods; <c>HEAD</c> is wherever <c>GET</c> is, and is not named.</param>
/// <param name="IsSigned">Whether the parameters of scheme v1 (<c>accesskey</c>, <c>expires</c>, <c>signature</c>) may be there as
/// well.</param>
internal sealed record RouteMethods(string Pattern, IReadOnlyList<RouteMethod> Methods, bool IsSigned)
{
    /// <summary>The names for the header <c>Allow</c>.</summary>
    public string Allowed { get; } = string.Join(", ",
        Methods.SelectMany(method => method.Name == "GET" ? (string[])["GET", "HEAD"] : [method.Name]));

    /// <summary>The method called <paramref name="name"/>, or null.</summary>
    public RouteMethod? Find(string name) => Methods.FirstOrDefault(method => method.Name == (name == "HEAD" ? "GET" : name));
}

/// <summary>One method of a route.</summary>
/// <param name="Name">Upper case.</param>
/// <param name="Handler">Answers it.</param>
/// <param name="Parameters">The query parameters that it takes, each at most once.</param>
internal sealed record RouteMethod(string Name, RequestDelegate Handler, params IReadOnlyList<QueryParameter> Parameters);

/// <summary>A query parameter of a method.</summary>
/// <param name="Name">Its name.</param>
/// <param name="NeedsV21">Whether a signed request must be signed by v2.1: v1 and v2 do not sign the query of a PUT, and of other methods
/// without separators, so that a free text could be cut into other parameters.</param>
internal sealed record QueryParameter(string Name, bool NeedsV21 = false);

/// <summary>Metadata of a route that does nothing with a query, and so refuses none: probes, whose callers may add anything, and paths
/// that do not exist.</summary>
internal sealed class IgnoresQuery
{
    /// <summary>The only one.</summary>
    public static IgnoresQuery Instance { get; } = new();
}
