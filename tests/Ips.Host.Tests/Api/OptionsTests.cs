using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Api;

/// <summary>The limits of the inventory's options, as the tables of their keys hold them.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void Defaults_AreValid()
    {
        Assert.Empty(InventoryKeys.Table.Check(new InventoryOptions()));
        Assert.Empty(AuthKeys.Table.Check(new AuthOptions()));
        Assert.Empty(ApiKeys.Table.Check(new ApiOptions()));
        Assert.Empty(ApiKeys.AccessLog.Check(new AccessLogOptions()));
    }

    [Fact]
    public void WrongOptions_AreReportedAllAtOnceWithTheirKeys()
    {
        var store = InventoryKeys.Table.Check(new InventoryOptions { Path = "folder/", BusyTimeout = TimeSpan.Zero, Readers = 0 });
        Assert.Equal(3, store.Count);
        Assert.All(store, failure => Assert.StartsWith("ips.store.", failure, StringComparison.Ordinal));
        Assert.Equal(3, AuthKeys.Table
            .Check(new AuthOptions { Window = TimeSpan.Zero, KeyCache = TimeSpan.FromHours(1), NonceCapacity = 1 }).Count);
        Assert.Equal(3, ApiKeys.Table.Check(new ApiOptions { MaxBodySizeBytes = 0, MaxPageSize = 0, PageSize = 0 }).Count);
        Assert.Equal("ips.api.page-size is 50; it must not be more than ips.api.max-page-size, which is 40.",
            Assert.Single(ApiKeys.Table.Check(new ApiOptions { MaxPageSize = 40, PageSize = 50 })));
        Assert.Equal("ips.api.max-body is 2097152 bytes; it must be less than ips.api.body-memory, which is 2097152 bytes.",
            Assert.Single(ApiKeys.Table.Check(new ApiOptions { MaxBodySizeBytes = 2097152, BodyMemorySizeBytes = 2097152 })));
        Assert.Equal(2, ApiKeys.AccessLog.Check(new AccessLogOptions { Format = (AccessLogFormat)9, BufferLines = 0 }).Count);
    }

    [Theory]
    [InlineData("nonsense with Password=geheim")]
    [InlineData("Host;Password=geheim")]
    [InlineData("Password=geheim")]
    public void Postgres_NoConnectionString_IsRefusedWithoutRepeatingIt(string text)
    {
        var fault = Assert.Single(InventoryKeys.Table.Check(new InventoryOptions { Postgres = text }));
        Assert.StartsWith("ips.store.postgres is (not shown); it must be an Npgsql connection string", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", fault, StringComparison.Ordinal);
    }
}
