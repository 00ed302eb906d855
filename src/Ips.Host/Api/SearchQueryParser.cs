using System.Globalization;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>Reads the query of <c>GET /v1/sdk/search_ip</c>. Pure.</summary>
/// <remarks><see cref="QueryMiddleware"/> has refused what is not known. v1 and v2, but not v2.1, sign names and values without separators,
/// so a text such as <c>ip10.0.0.1oidhost</c> could be cut into other parameters; no other cut of it passes here: the values are numbers,
/// addresses and fixed words, and the free texts <c>prefix</c> and <c>after</c> need v2.1.</remarks>
internal static class SearchQueryParser
{
    /// <summary>Most addresses and blocks of one search.</summary>
    public const int MaxAddresses = 10;

    /// <summary>Reads the query.</summary>
    public static SearchQuery? Parse(RequestQuery query, ApiOptions options, out IReadOnlyList<Refusal> problems)
    {
        List<Refusal> found = [];
        problems = found;
        List<AddressBlock> blocks = [];
        ObjectClass? oclass = null;
        ObjectOrder order = default;
        // Without a page there is one answer with all hits, up to the largest page: who does not page must not lose hits without a word.
        int? page = null, size = null;
        foreach (var (name, value) in query.Parameters)
        {
            switch (name)
            {
                case "ip" when value.Length > 0:
                    ParseAddresses(value, blocks, options.Compatibility == ApiCompatibility.GinIps, found);
                    break;
                case "oid" when value.Length > 0:
                    oclass = ObjectClass.Find(value);
                    if (oclass is null) found.Add(Refusals.NotAnOid(name));
                    break;
                case "page": page = ParseNumber(name, value, Page.MaxNumber, found); break;
                case "page_size": size = ParseNumber(name, value, options.MaxPageSize, found); break;
                case OrderParser.Sort or OrderParser.Prefix or OrderParser.After:
                    order = OrderParser.Read(name, value, order, found);
                    break;
            }
        }
        if (string.IsNullOrEmpty(query["ip"])) found.Add(Refusals.Missing("ip"));
        if (order.After is not null && (order.By != OrderField.Id || oclass is null || page is not null))
            found.Add(Problems.AfterNeedsAnOrderById(OrderParser.After));
        if (found.Count > 0) return null;
        var whole = page is null && size is null;
        return new SearchQuery(AddressRange.Merge(blocks.SelectMany(block => block.Ranges)), oclass,
            new Page(page ?? 1, size ?? (whole ? options.MaxPageSize : options.PageSize)),
            [.. blocks.Where(block => block.PrefixLength == 128).Select(block => block.Network.ToString()).Distinct()],
            order)
        { IsWhole = whole };
    }

    private static void ParseAddresses(string value, List<AddressBlock> blocks, bool isGinIps, List<Refusal> found)
    {
        var parts = value.Split(',', MaxAddresses + 1, StringSplitOptions.TrimEntries);
        if (parts.Length > MaxAddresses)
        {
            found.Add(Refusals.Wrong("ip", $"1 to {MaxAddresses} addresses or CIDR blocks with commas between them",
                $" 1 到 {MaxAddresses} 个以逗号分隔的地址或 CIDR 网段"));
            return;
        }
        foreach (var part in parts)
        {
            if (!AddressParser.TryParseBlock(part, out var block)) found.Add(Problems.NotABlock("ip", part));
            else if (isGinIps && block.PrefixLength == 128 && GinIpsMap.IsRefused(block.Network))
                found.Add(Problems.AddressRefused("ip", part));
            else blocks.Add(block);
        }
    }

    private static int? ParseNumber(string name, string value, int max, List<Refusal> found)
    {
        if (value.Length <= 10 && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1
            && number <= max) return number;
        found.Add(Refusals.NotAWholeNumber(name, 1, max));
        return null;
    }
}
