using System.Globalization;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>Reads the query of <c>GET /v1/sdk/search_ip</c>. Pure.</summary>
/// <remarks>A parameter that is not known is refused. v1 and v2 sign names and values without separators, so a text such as
/// <c>ip10.0.0.1oidhost</c> could be cut into other parameters; no other cut of it passes here.</remarks>
internal static class SearchQueryParser
{
    /// <summary>Most addresses and blocks of one search.</summary>
    public const int MaxAddresses = 10;

    /// <summary>Reads the query.</summary>
    public static SearchQuery? Parse(RequestQuery query, ApiOptions options, out IReadOnlyList<Problem> problems)
    {
        List<Problem> found = [];
        problems = found;
        List<AddressRange> ranges = [];
        ObjectClass? oclass = null;
        int? page = 1, size = options.PageSize;
        foreach (var (name, value) in query.Parameters)
        {
            switch (name)
            {
                case "accesskey" or "expires" or "signature": break;
                case "ip": ParseAddresses(value, ranges, found); break;
                case "oid":
                    oclass = ObjectClass.Find(value);
                    if (oclass is null) found.Add(Problems.NotAnOid(name));
                    break;
                case "page": page = ParseNumber(name, value, Page.MaxNumber, found); break;
                case "page_size": size = ParseNumber(name, value, options.MaxPageSize, found); break;
                default: found.Add(Problems.Unknown(name)); break;
            }
        }
        if (query["ip"] is null) found.Add(Problems.Missing("ip"));
        return found.Count == 0 ? new SearchQuery(AddressRange.Merge(ranges), oclass, new Page(page!.Value, size!.Value)) : null;
    }

    private static void ParseAddresses(string value, List<AddressRange> ranges, List<Problem> found)
    {
        var parts = value.Split(',', MaxAddresses + 1, StringSplitOptions.TrimEntries);
        if (parts.Length > MaxAddresses)
        {
            found.Add(Problems.Wrong("ip", $"1 to {MaxAddresses} addresses or CIDR blocks with commas between them", $" 1 到 {MaxAddresses} 个以逗号分隔的地址或 CIDR 网段"));
            return;
        }
        foreach (var part in parts)
        {
            if (AddressParser.TryParseBlock(part, out var block)) ranges.AddRange(block.Ranges);
            else found.Add(Problems.NotABlock("ip", part));
        }
    }

    private static int? ParseNumber(string name, string value, int max, List<Problem> found)
    {
        if (value.Length <= 10 && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= max) return number;
        found.Add(Problems.NotAWholeNumber(name, 1, max));
        return null;
    }
}
