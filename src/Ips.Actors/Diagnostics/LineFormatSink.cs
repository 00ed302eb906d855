using System.Runtime.InteropServices;
using Mono.Unix.Native;

namespace Ips.Actors.Diagnostics;

/// <summary>Where finished lines go: file descriptor 1 in a daemon.</summary>
/// <param name="descriptor">The descriptor; not owned.</param>
/// <remarks>
/// One line is one <c>write(2)</c>, made before the call that logs returns. So the lines of two generations that append to one file
/// never tear, and a crash loses none. It writes to the descriptor's number itself, because SIGUSR1 puts a new file behind that number:
/// .NET's console stream holds a duplicate from before, and <see cref="FileStream"/> an offset.
/// </remarks>
internal sealed class LineFormatSink(int descriptor)
{
    private const int StalledReaderMs = 1000;

    private readonly Lock _lock = new();
    private byte[] _pinned = GC.AllocateUninitializedArray<byte>(8192, pinned: true);
    private long _lost;
    private Errno _reason;

    /// <summary>Writes one line. Lines that cannot be written (a full disk, a closed pipe) are counted, and the next one that can be is preceded by their number.</summary>
    internal void Write(ReadOnlySpan<byte> line)
    {
        lock (_lock)
        {
            if (_lost > 0)
            {
                var notice = System.Text.Encoding.UTF8.GetBytes($"# {_lost} log lines before this one could not be written: {_reason}\n");
                if (!TryWrite(notice))
                {
                    _lost++;
                    return;
                }
                _lost = 0;
            }
            if (!TryWrite(line)) _lost++;
        }
    }

    private bool TryWrite(ReadOnlySpan<byte> line)
    {
        if (_pinned.Length < line.Length) _pinned = GC.AllocateUninitializedArray<byte>(line.Length * 2, pinned: true);
        line.CopyTo(_pinned);
        var start = Marshal.UnsafeAddrOfPinnedArrayElement(_pinned, 0);
        for (var done = 0; done < line.Length;)
        {
            var written = Syscall.write(descriptor, start + done, (ulong)(line.Length - done));
            if (written > 0)
            {
                done += (int)written; // less than all only on a full disk, or a pipe whose reader is slow
                continue;
            }
            _reason = Stdlib.GetLastError();
            if (_reason == Errno.EINTR || (_reason == Errno.EAGAIN && BecomesWritable())) continue;
            return false;
        }
        return true;
    }

    // Somebody made our stdout non-blocking and reads it slowly. A second of patience, then the line is given up: a log must not stop the daemon.
    private bool BecomesWritable()
    {
        Pollfd[] wait = [new() { fd = descriptor, events = PollEvents.POLLOUT }];
        return Syscall.poll(wait, 1, StalledReaderMs) > 0;
    }
}
