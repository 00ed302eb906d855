using System.Runtime.Serialization;

namespace Ips.Fleet.Wire;

/// <summary>A message cannot be written, or what arrived is not a message. Akka drops such a message and keeps the connection.</summary>
internal sealed class FleetWireException(string message, Exception? inner = null) : SerializationException(message, inner);
