namespace Ips.Testing.Load;

/// <summary>What a <see cref="SlowReader"/> got.</summary>
/// <param name="Failure">How it failed; null if the response came whole and right.</param>
/// <param name="Detail">One line on the failure; empty without one.</param>
/// <param name="BodyBytes">Bytes of the body that arrived.</param>
/// <param name="Generation">The generation that answered; null if it did not say.</param>
/// <param name="SaidClose">The response said <c>Connection: close</c>.</param>
/// <param name="Elapsed">From the connect to the last byte.</param>
internal sealed record SlowReadResult(
    FailureKind? Failure, string Detail, long BodyBytes, int? Generation, bool SaidClose, TimeSpan Elapsed);
