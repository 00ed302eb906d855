using System.Globalization;
using Ips.Host.Inventory;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Ips.Host.Api;

/// <summary>Reads If-Match and If-None-Match. Pure.</summary>
internal static class ConditionParser
{
    /// <summary>Whether a GET need not be answered again: the client has what <paramref name="tag"/> names. A header that cannot be read
    /// says that it has not.</summary>
    public static bool IsKnown(StringValues ifNoneMatch, EntityTagHeaderValue tag) =>
        EntityTagHeaderValue.TryParseList(ifNoneMatch, out var known)
        && known.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Compare(tag, useStrongComparison: false));

    /// <summary>Reads the headers of a write; null with a problem if they cannot be read.</summary>
    public static WriteCondition? Parse(StringValues ifMatch, StringValues ifNoneMatch, out Problem? problem)
    {
        problem = null;
        var mustNotExist = !StringValues.IsNullOrEmpty(ifNoneMatch);
        if (mustNotExist && ifNoneMatch != "*")
        {
            problem = Refusals.Wrong("If-None-Match", "*", " *");
            return null;
        }
        if (StringValues.IsNullOrEmpty(ifMatch)) return new WriteCondition([], false, mustNotExist);
        if (ifMatch == "*") return new WriteCondition([], true, mustNotExist);
        List<long> versions = [];
        if (EntityTagHeaderValue.TryParseStrictList(ifMatch, out var tags))
        {
            foreach (var tag in tags)
            {
                if (tag.IsWeak || !long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var version)) break;
                versions.Add(version);
            }
        }
        if (versions.Count > 0 && versions.Count == tags?.Count) return new WriteCondition(versions, true, mustNotExist);
        problem = Refusals.Wrong("If-Match", "* or a version in quotes, as in the ETag of an answer: \"17\"", " * 或带引号的版本号，例如 \"17\"");
        return null;
    }
}
