using Mono.Unix.Native;

namespace Ips.Actors.Posix;

/// <summary>A user as this machine knows it, from whatever source the C library asks (nsswitch.conf(5)).</summary>
/// <param name="Name">The name.</param>
/// <param name="UserId">Its number.</param>
/// <param name="GroupId">Its primary group.</param>
[SupportedOSPlatform("linux")]
internal sealed record UserAccount(string Name, uint UserId, uint GroupId)
{
    /// <summary>By name; null if there is none.</summary>
    internal static UserAccount? Find(string name) => From(Syscall.getpwnam(name));

    /// <summary>By number; null if it has no name.</summary>
    internal static UserAccount? Find(int userId) => From(Syscall.getpwuid((uint)userId));

    /// <summary>The number of a group; null if there is none of that name.</summary>
    internal static uint? FindGroup(string name) => Syscall.getgrnam(name)?.gr_gid;

    /// <summary>All groups of the user, with <paramref name="primary"/> among them.</summary>
    internal unsafe uint[] GroupsWith(uint primary)
    {
        var groups = new uint[64];
        fixed (byte* name = NativeText.EncodeWithNul(Name))
        {
            while (true)
            {
                var count = groups.Length;
                fixed (uint* numbers = groups)
                {
                    if (Libc.GetGroupList(name, primary, numbers, &count) >= 0) return groups[..count];
                }

                groups = new uint[Math.Max(count, groups.Length * 2)];
            }
        }
    }

    private static UserAccount? From(Passwd? entry) => entry is null ? null : new UserAccount(entry.pw_name, entry.pw_uid, entry.pw_gid);
}
