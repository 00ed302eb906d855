namespace Ips.Actors.Posix;

/// <summary>What a process has one of.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class ProcessAttributes
{
    /// <summary>Real user id.</summary>
    internal static int UserId => (int)Libc.GetUid();

    /// <summary>Effective user id: 0 for root.</summary>
    internal static int EffectiveUserId => (int)Libc.GetEUid();

    /// <summary>Real group id.</summary>
    internal static int GroupId => (int)Libc.GetGid();

    /// <summary>Process group.</summary>
    internal static int ProcessGroup => Libc.GetPgrp();

    /// <summary>Session; 0 if its leader is outside of this PID namespace.</summary>
    internal static int Session => Libc.GetSid(0) is >= 0 and var session ? session : throw PosixException.Last("getsid");

    /// <summary>The file mode creation mask, which umask(2) would change in order to tell.</summary>
    /// <exception cref="IOException">/proc is not mounted.</exception>
    internal static int Umask => Convert.ToInt32(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("Umask:", StringComparison.Ordinal))["Umask:".Length..].Trim(),
            8);

    /// <summary>Sets the file mode creation mask and returns the former one. See umask(2).</summary>
    internal static int SetUmask(int mask) => (int)Libc.Umask((uint)mask);

    /// <summary>Makes orphaned descendants children of this process instead of PID 1's. See prctl(2), PR_SET_CHILD_SUBREAPER.</summary>
    internal static void BecomeSubreaper()
    {
        if (Libc.Prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) throw PosixException.Last("prctl");
    }
}
