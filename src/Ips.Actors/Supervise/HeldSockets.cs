using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Actors.Supervise;

/// <summary>The supervisor's copies of the main process's sockets: while it holds them, clients of a crashed service wait in the
/// kernel's queue
/// instead of being refused. Used from the parent's own thread.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HeldSockets
{
    /// <summary>What the main process said last; null before the first word.</summary>
    public MainFrame? Main { get; private set; }

    /// <summary>What is held: what <see cref="Replace"/> was given last, until <see cref="Release"/>.</summary>
    public IReadOnlyList<int> Descriptors { get; private set; } = [];

    /// <summary>Whether there is something to hand to a restarted generation.</summary>
    public bool Any => Descriptors.Count > 0;

    /// <summary>The listening sockets, in the order of <see cref="MainFrame.Endpoints"/>.</summary>
    public IReadOnlyList<int> Listening => Main is null || !Any ? [] : [.. Descriptors.Take(Main.Endpoints.Count)];

    /// <summary>The control socket.</summary>
    public int? Control => Main is { Control: true } main && Descriptors.Count > main.Endpoints.Count ? Descriptors[main.Endpoints.Count]
        : null;

    /// <summary>Takes over what came with a frame, and closes what was held before.</summary>
    /// <param name="main">The frame.</param>
    /// <param name="fds">As many as it says; or none, if they were lost on the way: then a restart binds anew.</param>
    public void Replace(MainFrame main, IReadOnlyList<int> fds)
    {
        Release();
        (Main, Descriptors) = (main, fds);
    }

    /// <summary>Closes all: nobody is to listen any more.</summary>
    public void Release()
    {
        foreach (var fd in Descriptors) FileDescriptors.Close(fd);
        Descriptors = [];
    }
}
