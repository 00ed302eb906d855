using System.Globalization;

namespace Ips.Actors.Posix;

/// <summary>How a descriptor was opened.</summary>
/// <param name="Flags">The flags of open(2).</param>
/// <param name="IsLocked">A program holds an exclusive or a record lock, so it coordinates with others. The shared lock that .NET takes on
/// every file (<c>FileShare</c>) does not count.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct DescriptorInfo(int Flags, bool IsLocked)
{
    private const int AccessMode = 3; // O_ACCMODE

    /// <summary>Whether it may be written to.</summary>
    internal bool IsWritable => (Flags & AccessMode) != 0;

    /// <summary>Whether writes go to the file's end, wherever that is by then.</summary>
    internal bool Appends => (Flags & Libc.O_APPEND) != 0;
}

/// <summary>Reads what <c>/proc/PID/fdinfo/FD</c> says of a descriptor. See proc_pid_fdinfo(5). Pure.</summary>
[SupportedOSPlatform("linux")]
internal static class FdInfoParser
{
    /// <summary>Reads the text.</summary>
    /// <returns>Null if it has no flags.</returns>
    internal static DescriptorInfo? Parse(string text)
    {
        int? flags = null;
        var locked = false;
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["flags:", var octal]) flags = ParseOctal(octal);
            else if (words is ["lock:", _, var kind, _, var mode, ..]) locked |= kind is "POSIX" or "OFDLCK" || mode == "WRITE";
        }

        return flags is { } found ? new(found, locked) : null;
    }

    private static int? ParseOctal(string text)
    {
        var value = 0;
        foreach (var digit in text)
        {
            if (digit is < '0' or > '7' || value > int.MaxValue >> 3) return null;
            value = (value << 3) | CharUnicodeInfo.GetDecimalDigitValue(digit);
        }

        return value;
    }
}
