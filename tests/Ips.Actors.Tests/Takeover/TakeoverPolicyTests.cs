using Ips.Actors.Posix;
using Ips.Actors.Takeover;

namespace Ips.Actors.Tests.Takeover;

/// <summary>Who may take over, decided by what the kernel says of a peer.</summary>
public sealed class TakeoverPolicyTests
{
    private const uint Own = 1000, Group = 50;

    [Theory]
    [InlineData(Own, 1000u, null, true)] // the service's own user
    [InlineData(0u, 0u, null, true)] // root
    [InlineData(1001u, 1000u, null, false)] // another user, even of a group of the same number as our user
    [InlineData(65534u, 65534u, null, false)] // one that this user namespace does not know
    [InlineData(1001u, 1001u, Group, false)]
    [InlineData(1001u, Group, Group, true)] // by its primary group
    [InlineData(1001u, 0u, Group, false)] // root's group is not root
    public void Refusal_ByUserAndPrimaryGroup(uint user, uint group, uint? allowed, bool may) =>
        Assert.Equal(may, TakeoverPolicy.Refusal(new PeerIdentity(7, user, group, []), Own, allowed) is null);

    [Fact]
    public void Refusal_BySupplementaryGroup_OnlyOfTheConfiguredOne()
    {
        var member = new PeerIdentity(0, 1001, 1001, [4, Group]);
        Assert.Null(TakeoverPolicy.Refusal(member, Own, Group));
        Assert.NotNull(TakeoverPolicy.Refusal(member, Own, 51));
        Assert.NotNull(TakeoverPolicy.Refusal(member, Own, null));
    }

    [Fact]
    public void Refusal_NamesWhoMayAndTheKey()
    {
        var stranger = new PeerIdentity(7, 1001, 1001, []);
        Assert.Equal("user 1001 may not take over: only root, user 1000 and the members of group 50 (ips.takeover.group) may",
            TakeoverPolicy.Refusal(stranger, Own, Group));
        Assert.Equal("user 1001 may not take over: only root, user 1000 may (ips.takeover.group names no group)",
            TakeoverPolicy.Refusal(stranger, Own, null));
    }
}
