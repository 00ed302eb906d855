using Akka.Actor;
using Akka.Serialization;

namespace Ips.Fleet.Wire;

/// <summary>Akka's way to <see cref="FleetCodec"/>.</summary>
internal sealed class FleetSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>On the wire of every message. Akka keeps 0 to 40 for itself.</summary>
    public const int Id = 1901;

    /// <inheritdoc/>
    public override int Identifier => Id;

    /// <inheritdoc/>
    public override string Manifest(object o) => FleetCodec.ManifestOf(o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => FleetCodec.Encode(obj);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => FleetCodec.Decode(manifest, bytes);
}
