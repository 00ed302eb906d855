using System.Globalization;

namespace Ips.Testing.Load;

/// <summary>One failed request.</summary>
/// <param name="Kind">How it failed.</param>
/// <param name="Worker">The kind of worker that asked.</param>
/// <param name="WorkerNumber">Which one of its kind, from 1.</param>
/// <param name="Request">The worker's how many-th request it was, from 1.</param>
/// <param name="RequestOnConnection">The connection's how many-th, from 1; 0 if there was no connection, or one that was not asked
/// yet.</param>
/// <param name="LocalPort">The client's TCP port; 0 for a Unix socket or without a connection.</param>
/// <param name="At">Time since the load began.</param>
/// <param name="BytesSeen">Bytes of the response that had arrived.</param>
/// <param name="LastBytes">The end of them, at most 200 bytes, escaped.</param>
/// <param name="LastGeneration">The <c>X-Ips-Generation</c> last seen on that connection; null if none.</param>
/// <param name="Detail">One line for a person.</param>
internal sealed record LoadFailure(
    FailureKind Kind, WorkerKind Worker, int WorkerNumber, long Request, int RequestOnConnection, int LocalPort, TimeSpan At,
    long BytesSeen, string LastBytes, int? LastGeneration, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{At.TotalSeconds,8:0.000} s  {Kind}: {Detail}; {Worker} {WorkerNumber}, request {Request} ({RequestOnConnection} on its "
            + $"connection), "
        + $"port {LocalPort}, generation {LastGeneration?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}, {BytesSeen} bytes seen: "
            + $"'{LastBytes}'");
}
