using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Api;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_AreValid()
    {
        Assert.True(new InventoryOptionsValidator().Validate(null, new InventoryOptions()).Succeeded);
        Assert.True(new AuthOptionsValidator().Validate(null, new AuthOptions()).Succeeded);
        Assert.True(new ApiOptionsValidator().Validate(null, new ApiOptions()).Succeeded);
        Assert.True(new AccessLogOptionsValidator().Validate(null, new AccessLogOptions()).Succeeded);
    }

    [Fact]
    public void WrongOptions_AreReportedAllAtOnceWithTheirKeys()
    {
        var store = new InventoryOptionsValidator().Validate(null, new InventoryOptions { Path = "", BusyTimeout = TimeSpan.Zero, Readers = 0 });
        Assert.Equal(3, store.Failures!.Count());
        var secret = new InventoryOptionsValidator().Validate(null, new InventoryOptions { Postgres = "nonsense with Password=geheim" });
        Assert.DoesNotContain("geheim", Assert.Single(secret.Failures!), StringComparison.Ordinal);
        Assert.Equal(3, new AuthOptionsValidator().Validate(null, new AuthOptions { Window = TimeSpan.Zero, KeyCache = TimeSpan.FromHours(1), NonceCapacity = 1 }).Failures!.Count());
        Assert.Equal(3, new ApiOptionsValidator().Validate(null, new ApiOptions { MaxBodySizeBytes = 0, MaxPageSize = 0, PageSize = 1 }).Failures!.Count());
        Assert.Equal(2, new AccessLogOptionsValidator().Validate(null, new AccessLogOptions { Format = (AccessLogFormat)9, BufferLines = 0 }).Failures!.Count());
        Assert.All(store.Failures!, failure => Assert.StartsWith("ips.store.", failure, StringComparison.Ordinal));
    }
}
