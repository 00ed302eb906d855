using System.Text;
using Akka.Actor;
using Akka.Serialization;
using Ips.Fleet.Wire;

namespace Ips.Fleet.Tests.Fleets;

/// <summary>The serializer of an agent of a later version: every message has a field that this version does not know, and there is a
/// message of a kind that it does not know.</summary>
internal sealed class NewerSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public const string Settings = """
        akka.actor {
          serializers.fleet = "Ips.Fleet.Tests.Fleets.NewerSerializer, Ips.Fleet.Tests"
          serialization-identifiers { "Ips.Fleet.Tests.Fleets.NewerSerializer, Ips.Fleet.Tests" = 1901 }
          serialization-bindings { "Ips.Fleet.Tests.Fleets.NewerMessage, Ips.Fleet.Tests" = fleet }
        }

        """;

    public override int Identifier => FleetSerializer.Id;

    public override string Manifest(object o) => o is NewerMessage ? "forecast.1" : FleetCodec.ManifestOf(o);

    public override byte[] ToBinary(object obj) => obj is NewerMessage ? "{}"u8.ToArray()
        : Encoding.UTF8.GetBytes("{\"weather\":{\"rain\":[1,2]}," + Encoding.UTF8.GetString(FleetCodec.Encode(obj))[1..]);

    public override object FromBinary(byte[] bytes, string manifest) => FleetCodec.Decode(manifest, bytes);
}

internal sealed record NewerMessage;
