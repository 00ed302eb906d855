using Ips.Actors.Posix;

namespace Ips.Actors.Tests.Support;

/// <summary>A connection, as a peer passes one.</summary>
internal static class ConnectionPair
{
    /// <summary>Both ends as plain descriptors; the caller closes them.</summary>
    public static (int A, int B) Open()
    {
        var (a, b) = StreamPair.Open();
        using (a)
        using (b)
        {
            return (FileDescriptors.Duplicate((int)a.Handle), FileDescriptors.Duplicate((int)b.Handle));
        }
    }
}
