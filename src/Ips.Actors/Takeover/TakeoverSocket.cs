using System.Globalization;
using Ips.Actors.Configuration;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Takeover;

/// <summary>
/// The socket on which this service can be taken over. It is not handed to a successor: each generation that becomes the main process puts
/// one of its own at the path, by its own configuration, over the one before, so that somebody answers there at every moment. It outlives
/// every actor.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class TakeoverSocket : IDisposable
{
    private const int Backlog = 16;

    private readonly Lock _gate = new();
    private readonly ILogger _log;
    private FileIdentity? _file; // of a path that is ours to remove

    private TakeoverSocket(string path, uint? group, ILogger log) => (Path, Group, _log) = (path, group, log);

    /// <summary>The path.</summary>
    public string Path { get; }

    /// <summary>The group whose members may take over; null for none.</summary>
    public uint? Group { get; }

    /// <summary>The listening socket, while this generation has one.</summary>
    public int? Fd { get; private set; }

    /// <summary>Those who connect are answered by this generation.</summary>
    public bool Served { get; set; }

    /// <summary>Sees whether a socket can be had as configured; it is opened by <see cref="Publish"/>.</summary>
    /// <param name="options">Where, and for whom.</param>
    /// <param name="isFirst">No other generation of this service runs: then nobody may listen there.</param>
    /// <param name="log">For what comes later.</param>
    /// <returns>Null if the service cannot be taken over.</returns>
    /// <exception cref="IOException">The path or the group cannot be used.</exception>
    public static TakeoverSocket? Prepare(TakeoverOptions options, bool isFirst, ILogger log)
    {
        if (options.Socket is not { } configured) return null;
        var path = System.IO.Path.GetFullPath(configured);
        var socket = new TakeoverSocket(path, GroupOf(options.Group), log);
        try
        {
            if (FileIdentity.OfPath(path) is not null && FileIdentity.OfSocketPath(path) is null) throw new PosixException("bind",
                Errno.ENOTSOCK, path);
            if (isFirst && HandoverSockets.IsServed(path)) throw new PosixException("bind", Errno.EADDRINUSE, path);
            HandoverSockets.Listen(path, socket.Group, Backlog, keep: false);
            return socket;
        }
        catch (PosixException e)
        {
            throw new IOException(
                $"The service cannot be taken over on {path} (ips.takeover.socket, ips.takeover.group): {Explain(e, path)}");
        }
    }

    /// <summary>Puts this generation's socket at the path, unless it is there. What goes wrong is logged: it must not cost the
    /// service.</summary>
    public void Publish()
    {
        lock (_gate)
        {
            try
            {
                if (Fd is not null && _file is { } bound && FileIdentity.OfSocketPath(Path) == bound) return;
                var fd = HandoverSockets.Listen(Path, Group, Backlog);
                _file = FileIdentity.OfSocketPath(Path);
                if (Fd is { } former)
                {
                    // Taken back from a successor that had put its own there. Who accepts knows the number.
                    FileDescriptors.ReplaceCloseOnExec(former, fd);
                    FileDescriptors.Close(fd);
                    return;
                }

                Fd = fd;
                _log.Offered(Path, Group is { } group ? $"root, its own user and group {group}" : "root and its own user");
            }
            catch (IOException e)
            {
                _log.SocketFailed(Path, e.Message);
            }
        }
    }

    /// <summary>Removes the path if it still is ours: a successor, which takes over before this is called, has put its own there, or offers
    /// none.</summary>
    public void Retract()
    {
        lock (_gate)
        {
            try
            {
                if (_file is { } bound) ListeningSockets.UnlinkIfSame(Path, bound);
            }
            catch (IOException e)
            {
                _log.SocketFailed(Path, e.Message);
            }

            _file = null;
        }
    }

    /// <summary>Closes the socket, when nobody accepts from it any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            Served = false;
            if (Fd is { } fd) FileDescriptors.Close(fd);
            Fd = null;
        }
    }

    public void Dispose() => Retract(); // the descriptor, from which a thread may still accept, ends with the process

    /// <summary>The number of the group whose members may take over; null for none.</summary>
    /// <exception cref="IOException">There is no such group.</exception>
    public static uint? GroupOf(string? group) => group is null ? null
        : uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : UserAccount.FindGroup(group) ?? throw new IOException($"ips.takeover.group is {group}; there is no such group on this machine.");

    private static string Explain(PosixException e, string path) => e.Errno switch
    {
        Errno.EADDRINUSE => "another service listens there; use another path.",
        Errno.ENOTSOCK or Errno.EPROTOTYPE => "something else is there; use another path.",
        Errno.ENOENT => $"there is no folder {System.IO.Path.GetDirectoryName(path)}.",
        Errno.EPERM => "only root, or a member of the group, can give the socket to it.",
        _ => e.Message,
    };
}
