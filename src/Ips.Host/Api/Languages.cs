using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Ips.Host.Api;

/// <summary>Which language a client wants its messages in.</summary>
internal static class Languages
{
    /// <summary>Whether Chinese is the most wanted language of an Accept-Language header. English otherwise, also if the header cannot be read.</summary>
    public static bool PrefersChinese(StringValues acceptLanguage)
    {
        if (StringValues.IsNullOrEmpty(acceptLanguage) || !StringWithQualityHeaderValue.TryParseList(acceptLanguage, out var wanted)) return false;
        var best = wanted.Where(w => w.Quality is null or > 0).OrderByDescending(w => w.Quality ?? 1).FirstOrDefault();
        return best is not null && (best.Value.Equals("zh", StringComparison.OrdinalIgnoreCase) || best.Value.StartsWith("zh-", StringComparison.OrdinalIgnoreCase));
    }
}
