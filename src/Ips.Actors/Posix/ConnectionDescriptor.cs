using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>The calls that moving a connection needs, on plain descriptor numbers.</summary>
[SupportedOSPlatform("linux")]
internal static partial class ConnectionDescriptor
{
    /// <summary>Duplicates get this number or more, away from the low numbers that a spawn's file actions map.</summary>
    public const int LowestNumber = 64;

    private const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC of linux/fcntl.h

    /// <summary>Duplicates <paramref name="descriptor"/>, close-on-exec. See fcntl(2), F_DUPFD_CLOEXEC.</summary>
    /// <returns>False if the process has no descriptor left (EMFILE), or its limit is below <see cref="LowestNumber"/> (EINVAL).</returns>
    public static bool TryDuplicate(int descriptor, out int duplicate)
    {
        duplicate = FileControl(descriptor, DuplicateCloseOnExec, LowestNumber);
        return duplicate >= 0;
    }

    /// <summary>Closes a descriptor that no <c>SafeHandle</c> owns. See close(2); on Linux the descriptor is gone whatever it returns, so
    /// the result says nothing.</summary>
    public static void Close(int descriptor) => _ = CloseDescriptor(descriptor);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);
}
