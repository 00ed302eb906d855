namespace Ips.Fleet.Security;

/// <summary>A file of the agent is missing, unfit or in the way. The message names the file, what is wrong, and what to do.</summary>
internal sealed class FleetFileException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Where an agent finds its certificates.</summary>
/// <param name="Ca">The certificate of the fleet's authority.</param>
/// <param name="Certificate">The node's certificate.</param>
/// <param name="Key">The node's key.</param>
internal sealed record TlsFiles(string Ca, string Certificate, string Key);
