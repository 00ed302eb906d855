using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>The body of a request, read whole because its digest is signed; a feature of the HttpContext.
/// Holds its memory until it is disposed, when the request has been answered.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstSizeBytes = 4096;

    private readonly BodyMemory _memory;
    private byte[] _buffer = [];
    private int _length;

    private RequestBody(BodyMemory memory) => _memory = memory;

    /// <summary>The body as sent.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>The body of a request that has none, or none that counts.</summary>
    public static RequestBody None(BodyMemory memory) => new(memory);

    /// <summary>Reads a body. It takes memory as the bytes come, whatever Content-Length says, and never more than the limit.</summary>
    /// <param name="request">Whose body.</param>
    /// <param name="limitBytes">Largest body.</param>
    /// <param name="memory">Where its memory is taken from.</param>
    /// <param name="cancellationToken">Ends the wait for the client.</param>
    public static async ValueTask<(RequestBody? Body, Problem? Problem)> ReadAsync(
        HttpRequest request, int limitBytes, BodyMemory memory, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limitBytes) return (null, Problems.BodyTooLarge(limitBytes));
        var most = (int)(request.ContentLength ?? limitBytes) + 1; // one more, so that the end is seen without another buffer
        RequestBody? body = new(memory);
        try
        {
            if (!body.TryGrow(Math.Min(FirstSizeBytes, most))) return (null, Problems.BodyMemoryFull);
            while (true)
            {
                var read = await request.Body.ReadAsync(body._buffer.AsMemory(body._length), cancellationToken);
                if (read == 0)
                {
                    var whole = body;
                    body = null;
                    return (whole, null);
                }
                body._length += read;
                if (body._length > limitBytes) return (null, Problems.BodyTooLarge(limitBytes));
                if (body._length == body._buffer.Length && !body.TryGrow(Math.Min(body._length * 2, most))) return (null,
                    Problems.BodyMemoryFull);
            }
        }
        finally
        {
            body?.Dispose();
        }
    }

    public void Dispose()
    {
        _memory.GiveBack(_buffer.Length);
        (_buffer, _length) = ([], 0);
    }

    private bool TryGrow(int size)
    {
        if (!_memory.TryTake(size - _buffer.Length)) return false;
        Array.Resize(ref _buffer, size);
        return true;
    }
}

/// <summary>Counts the memory of all bodies that are being read or acted on: who knows a key's name, but not its secret, can send bodies
/// too.</summary>
/// <remarks>Nobody waits for it: a sender who holds some while it waits for more would keep others waiting as long as it likes.</remarks>
internal sealed class BodyMemory(IOptions<ApiOptions> options)
{
    private long _usedBytes;

    /// <summary>Takes some, or nothing if there is not enough.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _usedBytes, bytes) <= options.Value.BodyMemorySizeBytes) return true;
        GiveBack(bytes);
        return false;
    }

    /// <summary>Gives back what was taken.</summary>
    public void GiveBack(int bytes) => Interlocked.Add(ref _usedBytes, -bytes);
}
