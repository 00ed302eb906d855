using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class FilePathsTests
{
    [Theory]
    [InlineData("/srv/current", "ips.pid", "/srv/current/ips.pid")]
    [InlineData("/srv/current", "./ips.pid", "/srv/current/ips.pid")]
    [InlineData("/srv/current/", ".", "/srv/current/")]
    [InlineData("/srv/current", "../shared/ips.conf", "/srv/current/../shared/ips.conf")]
    [InlineData("/", "ips.pid", "/ips.pid")]
    [InlineData("/srv", "/run/ips.pid", "/run/ips.pid")]
    [InlineData(null, "ips.pid", "ips.pid")]
    public void Resolve_AnyPath_KeepsLinksAndParents(string? directory, string path, string expected) =>
        Assert.Equal(expected, FilePaths.Resolve(directory, path));
}
