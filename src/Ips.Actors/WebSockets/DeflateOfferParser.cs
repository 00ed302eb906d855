using System.Globalization;

namespace Ips.Actors.WebSockets;

/// <summary>Reads which compression a client offers, and which of it a WebSocket that moves can take: only one by which each message is
/// compressed on its own. See RFC 7692.</summary>
internal static class DeflateOfferParser
{
    private const string Extension = "permessage-deflate";
    private const int LeastBits = 9, MostBits = 15; // zlib has no window of 8 bits

    /// <summary>The first offer that can be taken, with the client's own context takeover turned off: a server may do so unasked (section
    /// 7.1.1.2).</summary>
    /// <param name="values">The values of <c>Sec-WebSocket-Extensions</c>.</param>
    /// <returns>The offer in the form of that header; null if there is none.</returns>
    public static string? Choose(IEnumerable<string?> values) => values
        .SelectMany(value => (value ?? "").Split(','))
        .Select(Take)
        .FirstOrDefault(offer => offer is not null);

    private static string? Take(string offer)
    {
        var parts = offer.Split(';', StringSplitOptions.TrimEntries);
        if (!parts[0].Equals(Extension, StringComparison.OrdinalIgnoreCase)) return null;
        var taken = $"{Extension}; client_no_context_takeover";
        foreach (var part in parts.Skip(1))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right]
                ? (left, right.Trim('"')) : (part, null);
            switch (name.ToLowerInvariant(), value)
            {
                case ("server_no_context_takeover" or "client_no_context_takeover" or "client_max_window_bits", null): break;
                case ("client_max_window_bits", { } bits) when IsWindow(bits, least: LeastBits - 1): break; // it only sends within it
                case ("server_max_window_bits", { } bits) when IsWindow(bits, LeastBits):
                    taken += $"; server_max_window_bits={bits}";
                    break;
                default: return null;
            }
        }

        return taken;
    }

    private static bool IsWindow(string bits, int least) =>
        int.TryParse(bits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= MostBits;
}
