using Microsoft.AspNetCore.WebUtilities;

namespace Ips.Host.Auth;

/// <summary>The query parameters of a request, decoded, in the order sent. Not ASP.NET Core's own collection: that one ignores the case of
/// names, and joins the values of one name, where the signature takes names as they are and the first value of each.</summary>
internal sealed class RequestQuery
{
    /// <summary>Most parameters of a request: the largest route has ten.</summary>
    public const int MaxCount = 32;

    private readonly List<(string Name, string Value)> _first = [];
    private readonly List<string> _repeated = [];

    private RequestQuery()
    {
    }

    /// <summary>The first value of each name, in the order sent.</summary>
    public IReadOnlyList<(string Name, string Value)> Parameters => _first;

    /// <summary>The names that are there more than once.</summary>
    public IReadOnlyList<string> Repeated => _repeated;

    /// <summary>Whether a name or value has a control character once it is decoded.</summary>
    public bool HasControlCharacters => _first.Exists(pair => pair.Name.Any(char.IsControl) || pair.Value.Any(char.IsControl));

    /// <summary>The first value of <paramref name="name"/>, or null.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var (given, value) in _first)
                if (given == name) return value;
            return null;
        }
    }

    /// <summary>Reads a query string with its <c>?</c>.</summary>
    /// <returns>False if it has more than <see cref="MaxCount"/> parameters.</returns>
    public static bool TryParse(string? text, out RequestQuery query)
    {
        query = new RequestQuery();
        var count = 0;
        foreach (var pair in new QueryStringEnumerable(text))
        {
            if (++count > MaxCount) return false;
            var name = pair.DecodeName().ToString();
            if (query[name] is null) query._first.Add((name, pair.DecodeValue().ToString()));
            else if (!query._repeated.Contains(name)) query._repeated.Add(name);
        }
        return true;
    }
}
