namespace Ips.Testing.Fuzz;

/// <summary>A whole final response.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Digest">Length and SHA-256 of its body.</param>
/// <param name="Start">The beginning of its body, for a test that failed.</param>
/// <param name="Close">Whether it said <c>Connection: close</c>.</param>
/// <param name="Generation">Who answered; 0 if it did not say.</param>
/// <param name="Continues">How many 100s came ahead of it.</param>
internal sealed record FuzzAnswer(int Status, string Digest, string Start, bool Close, int Generation, int Continues);
