using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>The stable parent's copies of the main process's sockets: while it holds them, clients of a crashed service wait in the kernel's queue
/// instead of being refused. Used from the parent's own thread.</summary>
internal sealed class HeldSockets
{
    private IReadOnlyList<int> _fds = [];

    /// <summary>What the main process said last; null before the first word.</summary>
    public MainFrame? Main { get; private set; }

    /// <summary>Whether there is something to hand to a restarted generation.</summary>
    public bool Any => _fds.Count > 0;

    /// <summary>The listening sockets, in the order of <see cref="MainFrame.Endpoints"/>.</summary>
    public IReadOnlyList<int> Listening => Main is null ? [] : [.. _fds.Take(Main.Endpoints.Count)];

    /// <summary>The control socket.</summary>
    public int? Control => Main is { Control: true } main && _fds.Count > main.Endpoints.Count ? _fds[main.Endpoints.Count] : null;

    /// <summary>Takes over what came with a frame, and closes what was held before.</summary>
    public void Replace(MainFrame main, IReadOnlyList<int> fds)
    {
        Release();
        Main = main;
        if (fds.Count == main.Endpoints.Count + (main.Control ? 1 : 0))
        {
            _fds = fds;
            return;
        }

        foreach (var fd in fds) FileDescriptors.Close(fd); // not what the frame says: a restart binds anew
    }

    /// <summary>Closes all: nobody is to listen any more.</summary>
    public void Release()
    {
        foreach (var fd in _fds) FileDescriptors.Close(fd);
        _fds = [];
    }
}
