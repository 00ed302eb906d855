using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>What to wait for on a descriptor, and what came. See poll(2).</summary>
[Flags]
internal enum PollEvents : short
{
    None = 0,
    Readable = 0x1,
    Writable = 0x4,
    Error = 0x8,
    HungUp = 0x10,
    Invalid = 0x20,
}

/// <summary>struct pollfd. A negative <see cref="Fd"/> is skipped.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry(int fd, PollEvents wanted)
{
    public int Fd = fd;
    public PollEvents Wanted = wanted;
    public PollEvents Returned;
}
