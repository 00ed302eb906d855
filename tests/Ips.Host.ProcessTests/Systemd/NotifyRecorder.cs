using System.Net.Sockets;
using System.Text;
using Ips.Actors.Posix;
using Ips.Host.ProcessTests.Harness;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>A datagram, and the process that the kernel says it came from.</summary>
internal sealed record Notification(int Pid, string Text)
{
    /// <summary>Its assignments, by name.</summary>
    public IReadOnlyDictionary<string, string> Values =>
        Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);

    /// <inheritdoc/>
    public override string ToString() => $"{Pid}: {Text.TrimEnd('\n').Replace("\n", " | ", StringComparison.Ordinal)}";
}

/// <summary>Stands for the service manager: a notify socket that records what comes, with its sender.</summary>
internal sealed class NotifyRecorder : IDisposable
{
    private const int SoPassCred = 16, ScmCredentials = 2, PollMs = 50;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<Notification> _all = [];
    private readonly Thread _thread;
    private volatile bool _end;

    /// <param name="name">A path, or <c>@</c> and a name of the abstract namespace: the value of NOTIFY_SOCKET.</param>
    public NotifyRecorder(string name)
    {
        _socket.SetRawSocketOption(Libc.SOL_SOCKET, SoPassCred, BitConverter.GetBytes(1));
        _socket.Bind(new UnixDomainSocketEndPoint(name[0] == '@' ? $"\0{name[1..]}" : name));
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Everything so far, in order.</summary>
    public IReadOnlyList<Notification> All
    {
        get
        {
            lock (_all) return [.. _all];
        }
    }

    /// <summary>Without those that only prolong something or are only signs of life, which come as time goes by.</summary>
    public IReadOnlyList<Notification> Story =>
        [.. All.Where(n => n.Values.Keys.Any(name => name is not ("EXTEND_TIMEOUT_USEC" or "WATCHDOG")))];

    /// <summary>Waits until the story has so many chapters.</summary>
    public async Task<IReadOnlyList<Notification>> WaitForStoryAsync(int count)
    {
        await WaitAsync(() => Story.Count >= count, $"{count} notifications");
        return Story;
    }

    /// <summary>Waits for one, of those already there or still to come.</summary>
    public Task WaitAsync(Func<bool> condition, string what) => Eventually.TrueAsync(
        () => Task.FromResult(condition()),
            () => $"{what} among{Environment.NewLine}{string.Join(Environment.NewLine, All)}{Environment.NewLine}");

    public void Dispose()
    {
        _end = true;
        _thread.Join();
        _socket.Dispose();
    }

    private void Run()
    {
        var fd = (int)_socket.Handle;
        while (!_end)
        {
            PollEntry[] entries = [new(fd, PollEvents.Readable)];
            Poll.Wait(entries, PollMs);
            if (entries[0].Returned != PollEvents.None) Receive(fd);
        }
    }

    private unsafe void Receive(int fd)
    {
        var buffer = stackalloc byte[8192];
        var control = stackalloc ulong[32];
        var vector = new Libc.IoVector { Base = buffer, Length = 8192 };
        var message = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 256 };
        var length = Libc.RecvMsg(fd, &message, Libc.MSG_CMSG_CLOEXEC);
        if (length < 0) throw PosixException.Last("recvmsg");
        var header = (Libc.ControlHeader*)control;
        var pid = message.ControlLength > 0 && header->Type == ScmCredentials ? *(int*)(header + 1) : 0;
        lock (_all) _all.Add(new Notification(pid, Encoding.UTF8.GetString(buffer, (int)length)));
    }
}
