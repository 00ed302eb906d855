namespace Ips.Host.Auth;

/// <summary>The body of a POST or PUT, read whole because its digest is signed; a feature of the HttpContext.</summary>
/// <param name="Bytes">The body as sent.</param>
internal sealed record RequestBody(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Reads a body of at most <paramref name="limitBytes"/>; null if it is larger. Never holds more than the limit, whatever Content-Length says.</summary>
    public static async ValueTask<RequestBody?> ReadAsync(HttpRequest request, int limitBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limitBytes) return null;
        var buffer = new byte[Math.Min(request.ContentLength ?? 4096, limitBytes) + 1]; // one more, so that the end is seen without another buffer
        var length = 0;
        while (true)
        {
            var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0) return new RequestBody(buffer.AsMemory(0, length));
            length += read;
            if (length > limitBytes) return null;
            if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limitBytes + 1));
        }
    }
}
