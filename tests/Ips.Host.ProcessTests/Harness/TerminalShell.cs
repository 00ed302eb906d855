using System.Runtime.InteropServices;
using System.Text;
using Ips.Testing.Processes;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>An interactive shell on a terminal of its own, as a person has it: job control, ^C, and a window that can be closed.</summary>
internal sealed partial class TerminalShell : IAsyncDisposable
{
    private const int O_RDWR = 2, O_NOCTTY = 0x100, O_CLOEXEC = 0x80000;

    private const int LookMs = 20;

    private readonly SafeFileHandle _master;
    private readonly Task _reading;
    private readonly StringBuilder _screen = new();
    private volatile bool _closing;

    private TerminalShell(SafeFileHandle master, DaemonProcess shell)
    {
        (_master, Shell) = (master, shell);
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>What was started: it ends with the shell.</summary>
    public DaemonProcess Shell { get; }

    /// <summary>All that the terminal has shown.</summary>
    public string Screen
    {
        get
        {
            lock (_screen) return _screen.ToString();
        }
    }

    public static unsafe TerminalShell Start(IReadOnlyDictionary<string, string?> environment)
    {
        var fd = PosixOpenPt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        var name = stackalloc byte[64];
        Assert.True(fd >= 0 && UnlockPt(fd) == 0 && PtsName(fd, name, 64) == 0, Marshal.GetLastPInvokeErrorMessage());
        var slave = Marshal.PtrToStringUTF8((nint)name)!;
        var master = new SafeFileHandle(fd, ownsHandle: true);
        var shell = DaemonProcess
            .Start("/bin/sh", ["-c", "exec setsid --ctty --wait bash --norc --noprofile -i <\"$0\" >\"$0\" 2>&1", slave], environment);
        return new TerminalShell(master, shell);
    }

    /// <summary>Types text; <c>\u0003</c> is ^C.</summary>
    public unsafe void Type(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes) Assert.Equal(bytes.Length,
            Syscall.write((int)_master.DangerousGetHandle(), start, (ulong)bytes.Length));
    }

    /// <summary>Waits until the terminal shows it.</summary>
    public Task WaitForAsync(string text) => Eventually.TrueAsync(() => Screen.Contains(text, StringComparison.Ordinal),
        $"'{text}' on the terminal");

    /// <summary>Closes the terminal's window.</summary>
    public async Task CloseAsync()
    {
        _closing = true;
        await _reading; // a read that waits would keep it open
        _master.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await Shell.DisposeAsync();
    }

    private unsafe void Read()
    {
        var buffer = new byte[4096];
        Pollfd[] wait = [new() { fd = (int)_master.DangerousGetHandle(), events = PollEvents.POLLIN }];
        while (!_closing)
        {
            if (Syscall.poll(wait, 1, LookMs) <= 0) continue;
            int read;
            fixed (byte* start = buffer) read = (int)Syscall.read(wait[0].fd, start, (ulong)buffer.Length);
            if (read <= 0) return; // EIO: no process has the terminal open
            lock (_screen) _screen.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)] private static partial int PosixOpenPt(int flags);
    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)] private static partial int UnlockPt(int fd);
    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static unsafe partial int PtsName(int fd, byte* buffer,
        nuint size);
}
