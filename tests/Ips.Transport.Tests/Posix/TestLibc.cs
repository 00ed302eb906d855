using System.Runtime.InteropServices;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>Calls that only tests make.</summary>
internal static unsafe partial class TestLibc
{
    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int type, int id, byte* info,
        int options);
    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)] private static partial nint Signal(int signal, nint handler);

    /// <summary>Sends one byte with more descriptors (duplicates of the socket) than <see cref="FdPassing.TrySend"/> allows.</summary>
    internal static void SendTooManyDescriptors(int socket, int count)
    {
        byte one = 1;
        var vector = new Libc.IoVector { Base = &one, Length = 1 };
        var control = stackalloc ulong[2 + (count + 1) / 2];
        var header = (Libc.ControlHeader*)control;
        *header = new Libc.ControlHeader { Length = (nuint)(16 + count * sizeof(int)), Level = Libc.SOL_SOCKET, Type = Libc.SCM_RIGHTS };
        new Span<int>(header + 1, count).Fill(socket);
        var message = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = header->Length };
        if (Libc.SendMsg(socket, &message, Libc.MSG_DONTWAIT) < 0) throw PosixException.Last("sendmsg");
    }

    /// <summary>Ignores a signal in this process until disposed.</summary>
    internal static IDisposable Ignore(int signal)
    {
        var old = Signal(signal, 1);
        return new Undo(() => Signal(signal, old));
    }

    /// <summary>Waits until a child has ended, and leaves it a zombie.</summary>
    internal static void WaitForZombie(int pid)
    {
        var info = stackalloc byte[128];
        Assert.Equal(0, WaitId(1 /* P_PID */, pid, info, 4 /* WEXITED */ | 0x01000000 /* WNOWAIT */));
    }

    internal sealed class Undo(Action undo) : IDisposable
    {
        public void Dispose() => undo();
    }
}
