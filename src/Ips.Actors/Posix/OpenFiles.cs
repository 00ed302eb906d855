namespace Ips.Actors.Posix;

/// <summary>How many descriptors this process may have open. See getrlimit(2), RLIMIT_NOFILE.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class OpenFiles
{
    /// <summary>The limit in force, and the one up to which it may be raised; <see cref="long.MaxValue"/> for none.</summary>
    internal static (long Soft, long Hard) Limit()
    {
        var limit = Get();
        return (Number(limit.Soft), Number(limit.Hard));
    }

    /// <summary>Raises the limit as far as this process may, and its successors inherit that. The .NET runtime does so by itself where it
    /// can.</summary>
    /// <returns>The limit in force.</returns>
    internal static long RaiseLimit()
    {
        var limit = Get();
        if (limit.Soft != limit.Hard)
        {
            limit.Soft = limit.Hard;
            if (Libc.SetRLimit(Libc.RLIMIT_NOFILE, &limit) < 0) throw PosixException.Last("setrlimit", "RLIMIT_NOFILE");
        }

        return Number(limit.Soft);
    }

    private static Libc.ResourceLimit Get()
    {
        Libc.ResourceLimit limit;
        return Libc.GetRLimit(Libc.RLIMIT_NOFILE, &limit) == 0 ? limit : throw PosixException.Last("getrlimit", "RLIMIT_NOFILE");
    }

    private static long Number(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
