using Mono.Unix;

namespace Ips.Actors.Posix;

/// <summary>Where the symbolic links of a path lead. See realpath(3).</summary>
[SupportedOSPlatform("linux")]
internal static class RealPath
{
    /// <summary>The path with every link in it followed; some path that does not exist if a link leads nowhere.</summary>
    internal static string Of(string path) => UnixPath.GetCompleteRealPath(path);
}
