using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Ips.Actors.Posix;

namespace Ips.Actors.Control;

/// <summary>Asks a running daemon something over its control socket.</summary>
/// <param name="socketPath">The path of the socket: <c>&lt;pid-file&gt;.sock</c>. It may be longer than the 107 bytes that a socket address
/// holds.</param>
/// <param name="time">The clock of the limits; null for the system's.</param>
[SupportedOSPlatform("linux")]
internal sealed class ControlClient(string socketPath, TimeProvider? time = null)
{
    private const double MaxWithinMs = 24 * 3600 * 1000; // far beyond the sum of all limits that a configuration can set

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Time within which the daemon must have accepted the request and sent its first event. Default 10 s.</summary>
    public TimeSpan FirstEventTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for the whole answer. Default 1 min; a reload needs more.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether the daemon may set another limit than <see cref="Timeout"/> by <see cref="ControlEvent.WithinMs"/>, which knows its
    /// own configuration. Default true.</summary>
    public bool DaemonSetsTimeout { get; init; } = true;

    /// <summary>What is added to a limit of the daemon's before it is held to have failed to keep it. Default 10 s.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Sends a request and gives each event as it comes; the last one has <see cref="ControlEvent.Final"/> set.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Ends the wait. The daemon goes on with what it was asked to do.</param>
    /// <exception cref="ControlException">The daemon could not be reached, was gone before its last event, or took too long.</exception>
    public async IAsyncEnumerable<ControlEvent> AskAsync(ControlRequest request,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var whole = new CancellationTokenSource(Timeout, _time);
        using var first = new CancellationTokenSource(FirstEventTimeout, _time);
        using var untilEnd = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellation);
        using var untilFirst = CancellationTokenSource.CreateLinkedTokenSource(untilEnd.Token, first.Token);
        var (until, limit) = FirstEventTimeout < Timeout ? (untilFirst.Token, FirstEventTimeout) : (untilEnd.Token, Timeout);

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await Bounded(token => ConnectAsync(socket, token));
        await Bounded(token => SendAsync(socket, request, token));

        var reader = new ControlLineReader();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await Bounded(token => ReceiveAsync(socket, buffer, token));
            if (received == 0)
            {
                throw new ControlException(ControlFailure.DaemonGone, reader.PartialBytes == 0
                    ? $"The daemon closed {socketPath} before its answer was complete: it ended, or was killed, in the middle."
                    : $"The daemon closed {socketPath} in the middle of a line: it was killed, or crashed.");
            }
            foreach (var read in reader.Feed(buffer.AsSpan(0, received)))
            {
                if (until != untilEnd.Token) (until, limit) = (untilEnd.Token, Timeout);
                if (read.WithinMs is { } within and >= 0 and < MaxWithinMs && DaemonSetsTimeout)
                {
                    limit = TimeSpan.FromMilliseconds(within) + Margin;
                    whole.CancelAfter(limit);
                }
                yield return read;
                if (read.Final) yield break;
            }
        }

        async Task<T> Bounded<T>(Func<CancellationToken, Task<T>> action)
        {
            try
            {
                return await action(until);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                throw new ControlException(ControlFailure.TimedOut,
                    $"The daemon at {socketPath} did not answer '{request.Verb}' within {limit.TotalSeconds:0.###} s.", e);
            }
        }
    }

    /// <summary>Sends a request and answers its last event.</summary>
    /// <param name="request">The request.</param>
    /// <param name="progress">Is told each event before the last.</param>
    /// <param name="cancellation">Ends the wait. The daemon goes on with what it was asked to do.</param>
    /// <exception cref="ControlException">The daemon could not be reached, was gone before its last event, or took too long.</exception>
    public async Task<ControlEvent> AskLastAsync(ControlRequest request, Action<ControlEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        await foreach (var read in AskAsync(request, cancellation))
        {
            if (read.Final) return read;
            progress?.Invoke(read);
        }
        throw new ControlException(ControlFailure.DaemonGone, $"The daemon closed {socketPath} before its answer was complete.");
    }

    private async Task<bool> ConnectAsync(Socket socket, CancellationToken token)
    {
        while (true)
        {
            try
            {
                var opened = -1;
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(AddressOf(socketPath, out opened)), token);
                    return true;
                }
                finally
                {
                    if (opened >= 0) FileDescriptors.Close(opened);
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.TryAgain)
            {
                await Task.Delay(RetryInterval, _time, token); // the queue of a busy daemon is full: connect(2) does not wait for it
            }
            catch (SocketException e)
            {
                throw Explained(e);
            }
        }
    }

    /// <summary>An address by which the socket at a path is reached. It names the descriptor of the socket that was found: no link that
    /// another user may have made leads to it, and it is short enough.</summary>
    /// <param name="socketPath">The path. The links that <c>/proc</c> shows for another process belong to that process's user; a caller
    /// that gives such a path means them.</param>
    /// <param name="opened">A descriptor to close once it is connected; -1 for none.</param>
    /// <exception cref="ControlException">There is no socket, or the way to it is not to be trusted.</exception>
    internal static string AddressOf(string socketPath, out int opened)
    {
        opened = -1;
        if (socketPath.StartsWith("/proc/", StringComparison.Ordinal)) return socketPath;
        try
        {
            using var place = GuardedPath.Walk(socketPath);
            opened = place.Open(Libc.O_PATH);
            return FileStatus.Of(opened).IsLink ? throw new PosixException("open", Errno.ELOOP, socketPath)
                : $"/proc/self/fd/{opened}";
        }
        catch (PosixException e)
        {
            throw Explained(e.Errno, socketPath, e);
        }
        catch (UnsafePathException e)
        {
            throw new ControlException(ControlFailure.BadPath, $"The control socket is not asked: {e.Message}", e);
        }
    }

    private ControlException Explained(SocketException e) => Explained(e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => Errno.ECONNREFUSED,
        SocketError.AccessDenied => Errno.EACCES,
        SocketError.AddressNotAvailable or SocketError.NetworkDown => Errno.ENOENT,
        _ => e.NativeErrorCode,
    }, socketPath, e);

    private static ControlException Explained(int errno, string path, Exception? inner = null) => errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => new(ControlFailure.SocketMissing, $"There is no control socket {path}.", inner),
        Errno.ECONNREFUSED => new(ControlFailure.NobodyListens, $"Nobody listens on the control socket {path}: its daemon is gone.", inner),
        Errno.EACCES or Errno.EPERM => new(ControlFailure.Denied,
            $"This user may not connect to the control socket {path}; the daemon's own user and root may.", inner),
        Errno.EPROTOTYPE or Errno.ENOTSOCK => new(ControlFailure.BadPath, $"{path} is not a control socket.", inner),
        _ => new(ControlFailure.BadPath, $"The control socket {path} cannot be reached: {inner?.Message ?? Errno.Name(errno)}.", inner),
    };

    private async Task<bool> SendAsync(Socket socket, ControlRequest request, CancellationToken token)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n'];
        try
        {
            for (var sent = 0; sent < line.Length;) sent += await socket.SendAsync(line.AsMemory(sent), SocketFlags.None, token);
            return true;
        }
        catch (SocketException e)
        {
            // The daemon may have said why before it closed; what it said is still there to be read.
            if (socket.Available > 0) return false;
            throw new ControlException(ControlFailure.DaemonGone, $"The daemon closed {socketPath} before it had read the request.", e);
        }
    }

    private async Task<int> ReceiveAsync(Socket socket, byte[] buffer, CancellationToken token)
    {
        try
        {
            return await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, token);
        }
        catch (SocketException e)
        {
            throw new ControlException(ControlFailure.DaemonGone, $"The connection to the daemon at {socketPath} broke: {e.Message}.", e);
        }
    }
}
