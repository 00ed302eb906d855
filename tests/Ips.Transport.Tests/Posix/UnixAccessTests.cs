using System.Globalization;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

public sealed class UnixAccessTests
{
    private const int Umask = 0b000_010_010; // 022

    [Fact]
    public void Succeeding_NothingConfigured_LeavesThePathAsItIs() => Assert.Null(UnixAccess.Succeeding(null, null, Umask));

    [Fact]
    public void Succeeding_OwnConfigured_IsThat() =>
        Assert.Equal(
            UnixAccess.Of("0660", "www", null),
            UnixAccess.Succeeding(UnixAccess.Of("0660", "www", null), UnixAccess.Of("0600", "app", null), Umask));

    [Fact]
    public void Succeeding_NotConfiguredAnyMore_IsWhatANewPathGets()
    {
        var access = UnixAccess.Succeeding(null, UnixAccess.Of("0600", "www", "www"), Umask)!;
        Assert.Equal("755", Convert.ToString(access.Mode!.Value, 8));
        Assert.Equal(
            (ProcessAttributes.EffectiveUserId.ToString(CultureInfo.InvariantCulture),
                ProcessAttributes.GroupId.ToString(CultureInfo.InvariantCulture)),
            (access.Owner, access.Group));
    }
}
