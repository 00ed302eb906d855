namespace Microsoft.Extensions.Hosting;

/// <summary>How this process came to be a generation of its service; known before the app is built.</summary>
/// <param name="Generation">The generation, counted from 1.</param>
/// <param name="IsFirst">True for a service that an operator or a service manager starts, false for a successor and for a generation that
/// replaces one that has died.</param>
/// <param name="Facts">What the predecessor told by <see cref="IIpsGeneration.TellSuccessor"/>; empty in a first generation and behind a
/// release that tells nothing.</param>
public sealed record IpsStart(int Generation, bool IsFirst, IReadOnlyDictionary<string, string> Facts);
