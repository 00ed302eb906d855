namespace Ips.Actors.Posix;

/// <summary>Descriptors that are kept for new clients and the app's own files while connections move.</summary>
internal static class DescriptorRoom
{
    private const int Least = 16, Share = 20; // a twentieth of the limit

    /// <summary>Whether there is room beside a descriptor that was just given. They are given lowest number first, so the highest one says
    /// how many are open. Who takes the last one for a connection that moves can accept nobody.</summary>
    public static bool IsLeft(int highest, long limit) => limit - 1 - highest >= Math.Max(Least, limit / Share);
}
