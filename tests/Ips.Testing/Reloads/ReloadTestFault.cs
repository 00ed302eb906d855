namespace Ips.Testing.Reloads;

/// <summary>What failed in a <see cref="ReloadTest"/>, beside the requests, for a person.</summary>
internal sealed class ReloadTestFault(string message) : Exception(message);
