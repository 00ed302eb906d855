using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Ips.Actors.Transport;

/// <summary>
/// Watches the app read a request's body, as a stream or as a pipe, and knows whether it took the last byte. Only then is the place where
/// the next request begins certain: of a body that is left over, Kestrel alone knows the length.
/// </summary>
internal sealed class RequestBody : IRequestBodyPipeFeature
{
    private readonly IHttpRequestFeature _request;
    private readonly IRequestBodyPipeFeature? _pipes;
    private readonly RequestBodyReader? _reader;

    private RequestBody(IHttpRequestFeature request, IRequestBodyPipeFeature? pipes)
    {
        // The server's reader is asked for while the body is still its own: later it would build one on top of our stream, and copy.
        (_request, _pipes) = (request, pipes);
        _reader = pipes is null ? null : new RequestBodyReader(this, pipes.Reader);
        request.Body = new RequestBodyStream(this, request.Body, ContentLength(request));
    }

    /// <summary>Whether the app has taken the body's last byte.</summary>
    public bool EndSeen { get; set; }

    /// <summary>The reader; another one over the current stream if a middleware replaced that.</summary>
    public PipeReader Reader => _reader is not null && _request.Body is RequestBodyStream stream
        && stream.Owner == this ? _reader : _pipes!.Reader;

    /// <summary>Puts a watch on the body of a request.</summary>
    public static RequestBody Watch(IFeatureCollection features, IHttpRequestFeature request)
    {
        var pipes = features.Get<IRequestBodyPipeFeature>();
        var body = new RequestBody(request, pipes);
        if (pipes is not null) features.Set<IRequestBodyPipeFeature>(body);
        return body;
    }

    /// <summary>The length, or null if the body is chunked: then only an empty read is its end.</summary>
    private static long? ContentLength(IHttpRequestFeature request) =>
        request.Headers.TransferEncoding.Count == 0 ? request.Headers.ContentLength : null;
}
