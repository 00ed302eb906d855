using System.Net;

namespace Ips.Host.Api;

/// <summary>One answered request.</summary>
/// <param name="Time">When it came.</param>
/// <param name="Remote">The client's address; null on a Unix socket.</param>
/// <param name="KeyId">The access key's name; null if none was checked.</param>
/// <param name="Method">Method.</param>
/// <param name="Target">Path and query, without the signature.</param>
/// <param name="Protocol">For example <c>HTTP/1.1</c>.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="SizeBytes">Content-Length of the answer; null if it was not known beforehand.</param>
/// <param name="Duration">From the first byte of the request's headers parsed to the end of the answer.</param>
/// <param name="Generation">Which generation answered.</param>
/// <param name="TraceId">The trace id.</param>
internal sealed record AccessLogEntry(
    DateTimeOffset Time, IPAddress? Remote, string? KeyId, string Method, string Target, string Protocol, int Status, long? SizeBytes,
    TimeSpan Duration, int Generation, string TraceId);
