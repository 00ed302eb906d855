using System.Net;

namespace Ips.Host.Api;

/// <summary>Path and query as a log may show them. Pure.</summary>
internal static class LoggedTarget
{
    /// <summary>The target without any parameter that the server, or another reader of the URL, could take for <c>signature</c>: what it
    /// signs could be sent again while it is valid.</summary>
    /// <param name="path">The path, decoded: also a client that has encoded its <c>?</c> must not find its signature in a log.</param>
    /// <param name="query">The query as sent, with its <c>?</c>; null if only the path is shown.</param>
    public static string Of(string path, string? query)
    {
        var whole = path + query;
        var begin = whole.IndexOf('?', StringComparison.Ordinal);
        if (begin < 0) return whole;
        var kept = string.Join('&', whole[(begin + 1)..].Split('&').Where(part => !IsSignature(part)));
        return kept.Length > 0 ? $"{whole[..begin]}?{kept}" : whole[..begin];
    }

    private static bool IsSignature(string part)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        var name = WebUtility.UrlDecode(equals < 0 ? part : part[..equals]);
        return name.Trim().TrimStart('?').Equals("signature", StringComparison.OrdinalIgnoreCase);
    }
}
