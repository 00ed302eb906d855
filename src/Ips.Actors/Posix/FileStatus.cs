using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>What a file is, whose it is, and who may use it. See statx(2).</summary>
/// <param name="Identity">Which file it is.</param>
/// <param name="Mode">Kind and permissions.</param>
/// <param name="UserId">Its owner.</param>
/// <param name="GroupId">Its group.</param>
/// <param name="Links">How many names it has.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct FileStatus(FileIdentity Identity, int Mode, int UserId, int GroupId, uint Links)
{
    private const int KindMask = 0xF000, Folder = 0x4000, Device = 0x2000, Regular = 0x8000, Link = 0xA000, Socket = 0xC000;
    private const int Sticky = 0b1_000_000_000, GroupWrite = 0b000_010_000, OtherWrite = 0b000_000_010, PermissionMask = 0xFFF;

    internal bool IsFolder => (Mode & KindMask) == Folder;

    internal bool IsRegular => (Mode & KindMask) == Regular;

    internal bool IsLink => (Mode & KindMask) == Link;

    internal bool IsSocket => (Mode & KindMask) == Socket;

    internal bool IsCharacterDevice => (Mode & KindMask) == Device;

    /// <summary>What is in the folder may be renamed and removed only by who owns it, or owns the folder.</summary>
    internal bool IsSticky => (Mode & Sticky) != 0;

    /// <summary>The nine permissions let its owner, its group or others execute it.</summary>
    internal bool IsExecutable => (Mode & 0b001_001_001) != 0;

    /// <summary>Set-user-ID, set-group-ID, sticky and the nine permissions.</summary>
    internal int Permissions => Mode & PermissionMask;

    /// <summary>Whether it belongs to root or to the user of this process.</summary>
    internal bool IsOurs => UserId == 0 || UserId == ProcessAttributes.EffectiveUserId;

    /// <summary>Whether its permissions let somebody write to it who is neither its owner nor of this process's own group.</summary>
    internal bool OthersMayWrite => (Mode & OtherWrite) != 0 || ((Mode & GroupWrite) != 0 && GroupId != ProcessAttributes.GroupId);

    /// <summary>The file that a descriptor has open; for a socket this is not the file at its path.</summary>
    internal static FileStatus Of(int fd) => Of(fd, "", Libc.AT_EMPTY_PATH, FileDescriptors.Describe(fd))!.Value;

    /// <summary>A file in a folder.</summary>
    /// <param name="folder">The folder's descriptor.</param>
    /// <param name="path">The file's path from there.</param>
    /// <param name="flags">AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.</param>
    /// <param name="subject">What an error is about.</param>
    /// <returns>Null if there is none.</returns>
    internal static unsafe FileStatus? Of(int folder, string path, int flags, string subject)
    {
        // struct statx is the same on all architectures: 256 bytes, fields found by offset.
        var result = stackalloc byte[256];
        fixed (byte* bytes = NativeText.EncodeWithNul(path))
        {
            const uint mask = Libc.STATX_TYPE | Libc.STATX_MODE | Libc.STATX_NLINK | Libc.STATX_UID | Libc.STATX_GID
                | Libc.STATX_INO | Libc.STATX_BTIME;
            if (Libc.Syscall(Libc.SYS_statx, folder, (nint)bytes, flags, (nint)mask, (nint)result) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                return errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw new PosixException("statx", errno, subject);
            }
        }

        var born = (*(uint*)result & Libc.STATX_BTIME) == 0 ? 0 : *(long*)(result + 80) * 1_000_000_000 + *(uint*)(result + 88);
        var device = (ulong)*(uint*)(result + 136) << 32 | *(uint*)(result + 140);
        return new FileStatus(
            new FileIdentity(device, *(ulong*)(result + 32), born), *(ushort*)(result + 28), *(int*)(result + 20), *(int*)(result + 24),
                *(uint*)(result + 16));
    }
}
