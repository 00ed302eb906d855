using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A user as this machine knows it, from whatever source the C library asks (nsswitch.conf(5)).</summary>
/// <param name="Name">The name.</param>
/// <param name="UserId">Its number.</param>
/// <param name="GroupId">Its primary group.</param>
internal sealed record UserAccount(string Name, uint UserId, uint GroupId)
{
    private static readonly Lock Gate = new(); // getpwnam(3) answers in memory of its own

    /// <summary>By name; null if there is none.</summary>
    internal static unsafe UserAccount? Find(string name)
    {
        lock (Gate)
        {
            fixed (byte* bytes = NativeText.EncodeWithNul(name)) return From(Libc.GetPwNam(bytes));
        }
    }

    /// <summary>By number; null if it has no name.</summary>
    internal static unsafe UserAccount? Find(int userId)
    {
        lock (Gate) return From(Libc.GetPwUid((uint)userId));
    }

    /// <summary>The number of a group; null if there is none of that name.</summary>
    internal static unsafe uint? FindGroup(string name)
    {
        lock (Gate)
        {
            fixed (byte* bytes = NativeText.EncodeWithNul(name))
            {
                var entry = Libc.GetGrNam(bytes);
                return entry == null ? null : entry->GroupId;
            }
        }
    }

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

    private static unsafe UserAccount? From(Libc.PasswordEntry* entry) =>
        entry == null ? null : new UserAccount(Marshal.PtrToStringUTF8((nint)entry->Name) ?? "", entry->UserId, entry->GroupId);
}
