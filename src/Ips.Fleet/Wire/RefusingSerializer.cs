using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Ips.Fleet.Wire;

/// <summary>Takes the place of a serializer of Akka's that makes objects of types which the sender names, so that nothing can be read by
/// it.</summary>
/// <remarks><c>akka.actor.serialization-settings.allow-unregistered-types = off</c> guards sending only.</remarks>
internal abstract class RefusingSerializer(ExtendedActorSystem system, int identifier, string what) : Serializer(system)
{
    /// <inheritdoc/>
    public override int Identifier => identifier;

    /// <inheritdoc/>
    public override bool IncludeManifest => true;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => throw new FleetWireException($"{obj.GetType().Name} is not sent between agents.");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) => throw new FleetWireException($"{what} is not read from other agents.");
}

/// <summary>Instead of Newtonsoft's serializer, <c>json</c>.</summary>
internal sealed class RefusingJson(ExtendedActorSystem system) : RefusingSerializer(system, 1, "JSON with names of types")
{
    /// <summary>As Akka calls it where the serializer has settings.</summary>
    public RefusingJson(ExtendedActorSystem system, Config _) : this(system)
    {
    }
}

/// <summary>Instead of <c>daemon-create</c>: a request to start an actor here. Untrusted mode drops it as well, but only after it was
/// read.</summary>
internal sealed class RefusingDaemonCreate(ExtendedActorSystem system) : RefusingSerializer(system, 3, "A request to start an actor");

/// <summary>Instead of <c>proto</c>, which makes any Protobuf message that the sender names. Akka's own modules do not need it.</summary>
internal sealed class RefusingProto(ExtendedActorSystem system) : RefusingSerializer(system, 2, "A Protobuf message");
