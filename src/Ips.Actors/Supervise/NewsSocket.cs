using System.Diagnostics;
using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>The supervisor's pair of sockets: every generation inherits one end, and this thread reads the other.</summary>
/// <remarks>One packet at a time, and no faster than <see cref="PacketsPerSecond"/>: what a generation sends beyond that waits in the
/// kernel, which keeps a few,
/// and then in the generation. So a flood costs this process neither memory nor time.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class NewsSocket : IDisposable
{
    /// <summary>How many packets are read at once after a rest; a whole reload of a service with many endpoints is less.</summary>
    internal const int Burst = 128;

    /// <summary>How many packets are read when they do not end.</summary>
    internal const int PacketsPerSecond = 50;

    private readonly int _ours;
    private readonly Action<SenderPacket, ReadOnlyMemory<byte>> _onPacket;
    private readonly Action<string?> _onEnd;
    private readonly EventFd _wake = new();
    private readonly Thread _thread;
    private volatile bool _disposed;

    /// <param name="onPacket">Takes a packet with its descriptors; the bytes are its own until it returns. Called on this socket's
    /// thread.</param>
    /// <param name="onEnd">Called when no more packets can arrive, with the reason; null if a generation has shut the pair down for all.
    /// Not called after <see cref="Dispose"/>.</param>
    /// <exception cref="PosixException">No descriptor is left.</exception>
    public NewsSocket(Action<SenderPacket, ReadOnlyMemory<byte>> onPacket, Action<string?> onEnd)
    {
        (_onPacket, _onEnd) = (onPacket, onEnd);
        (_ours, GenerationsEnd) = FdPassing.SocketPair();
        SenderPackets.NameSenders(_ours);
        _thread = new Thread(Run) { IsBackground = true, Name = "ips-news" };
    }

    /// <summary>The end that each generation inherits.</summary>
    public int GenerationsEnd { get; }

    /// <summary>No more packets can arrive: the next generation needs another pair.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Begins to read.</summary>
    public void Start() => _thread.Start();

    /// <summary>Records that the owner has learned of the end; called on the owner's thread.</summary>
    public void End() => HasEnded = true;

    /// <summary>Ends the reading. Does not wait for the thread, which may be in its callback; it closes the sockets.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _wake.Set();
    }

    private void Run()
    {
        string? reason = null;
        try
        {
            Read();
        }
        catch (PosixException e)
        {
            reason = e.Message;
        }

        if (!_disposed) _onEnd(reason);
        while (!_disposed) Poll.WaitForOne(_wake.Fd, PollEvents.Readable); // the descriptor is in use until then
        FileDescriptors.Close(_ours);
        FileDescriptors.Close(GenerationsEnd);
        _wake.Dispose();
    }

    private void Read()
    {
        var buffer = new byte[PacketChannel.MaxPacketSizeBytes];
        var pace = new Pace(Burst, TimeSpan.FromSeconds(1) / PacketsPerSecond);
        var started = Stopwatch.GetTimestamp();
        while (!_disposed)
        {
            var wait = pace.Wait(Stopwatch.GetElapsedTime(started));
            Span<PollEntry> entries = [new(_wake.Fd, PollEvents.Readable), new(wait > TimeSpan.Zero ? -1 : _ours, PollEvents.Readable)];
            Poll.Wait(entries, wait > TimeSpan.Zero ? (int)Math.Ceiling(wait.TotalMilliseconds) : -1);
            if (entries[1].Returned == PollEvents.None) continue;
            if (!SenderPackets.TryReceive(_ours, buffer, out var packet)) return;
            if (packet is null) continue;
            pace.TryTake(Stopwatch.GetElapsedTime(started));
            _onPacket(packet, buffer.AsMemory(0, packet.Length));
        }
    }
}
