using System.Net.Sockets;

namespace Ips.Actors.Transport;

/// <summary>
/// Sends so that it is known to the byte how much was sent when the send is given up. A socket that cannot take more is waited for by a
/// send of a single byte: given up, that byte was sent or not, whereas of a longer send nobody knows how much was.
/// </summary>
internal static class ExactSend
{
    /// <summary>Sends all of it, or what was sent until it was given up.</summary>
    /// <param name="socket">A socket that does not block.</param>
    /// <param name="memory">The bytes.</param>
    /// <param name="stop">Gives it up.</param>
    /// <returns>How many bytes were sent, and what went wrong.</returns>
    public static async ValueTask<(int Sent, SocketError Code)> SendAsync(
        Socket socket, ReadOnlyMemory<byte> memory, CancellationToken stop)
    {
        var done = 0;
        while (done < memory.Length && !stop.IsCancellationRequested)
        {
            var sent = socket.Send(memory.Span[done..], SocketFlags.None, out var code);
            if (code is SocketError.Success)
            {
                done += sent;
                continue;
            }

            if (code is not SocketError.WouldBlock) return (done, code);
            try
            {
                done += await socket.SendAsync(memory.Slice(done, 1), SocketFlags.None, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (SocketException e)
            {
                return (done, e.SocketErrorCode);
            }
        }

        return (done, SocketError.Success);
    }
}
