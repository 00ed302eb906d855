namespace Ips.Testing.Load;

/// <summary>One request that was answered as it should be.</summary>
/// <param name="Worker">The kind of worker that asked.</param>
/// <param name="EndedAt">When its last byte was read, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> counts.</param>
/// <param name="Latency">Time from its begin (the connect, if it needed one) to that byte.</param>
/// <param name="Generation">What <c>X-Ips-Generation</c> said; null without it.</param>
internal readonly record struct LoadAnswer(WorkerKind Worker, long EndedAt, TimeSpan Latency, int? Generation);
