using Ips.Actors.WebSockets;

namespace Ips.Actors.Tests.WebSockets;

public sealed class DeflateOfferParserTests
{
    private const string Taken = "permessage-deflate; client_no_context_takeover";

    [Theory]
    [InlineData("permessage-deflate", Taken)] // .NET
    [InlineData("permessage-deflate; client_max_window_bits", Taken)] // browsers, Debian's python3-websockets
    [InlineData("permessage-deflate; client_no_context_takeover; server_no_context_takeover", Taken)]
    [InlineData("permessage-deflate; client_max_window_bits=10", Taken)]
    [InlineData("permessage-deflate; server_max_window_bits=\"12\"", Taken + "; server_max_window_bits=12")]
    [InlineData("foo, Permessage-Deflate", Taken)]
    [InlineData("permessage-deflate; server_max_window_bits=8, permessage-deflate", Taken)] // the second one
    [InlineData("permessage-deflate; server_max_window_bits=8", null)]
    [InlineData("permessage-deflate; server_max_window_bits=16", null)]
    [InlineData("permessage-deflate; server_max_window_bits", null)]
    [InlineData("permessage-deflate; server_no_context_takeover=1", null)]
    [InlineData("permessage-deflate; later", null)]
    [InlineData("foo", null)]
    [InlineData("", null)]
    public void Choose_Offers_TakesTheFirstOneWithoutAHistory(string offers, string? taken) =>
        Assert.Equal(taken, DeflateOfferParser.Choose([offers]));
}
