using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Remote.Serialization;
using Akka.Serialization;

namespace Ips.Fleet.Wire;

/// <summary>Akka's serializer of its various messages, for those alone that agents send. Among the others is <c>Status.Failure</c>, whose
/// exception is made by calling a constructor of whatever type the sender names.</summary>
internal sealed class NarrowMisc(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private readonly MiscMessageSerializer _all = new(system);

    /// <inheritdoc/>
    public override int Identifier => 16;

    /// <inheritdoc/>
    public override string Manifest(object o) => _all.Manifest(o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => _all.ToBinary(obj);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => manifest is "ID" or "AID" or "RWHB" or "RWHR"
        ? _all.FromBinary(bytes, manifest) // identify and its answer, heartbeats of death watch and theirs
        : throw new FleetWireException("A message of Akka is not read from other agents: it is none that agents send.");
}

/// <summary>Akka's serializer of system messages, for death watch alone: the others steer actors, and carry exceptions as
/// <see cref="NarrowMisc"/> says.</summary>
internal sealed class NarrowSystemMessages(ExtendedActorSystem system) : Serializer(system)
{
    private readonly SystemMessageSerializer _all = new(system);

    /// <inheritdoc/>
    public override int Identifier => 22;

    /// <inheritdoc/>
    public override bool IncludeManifest => true;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => _all.ToBinary(obj);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) =>
        type == typeof(Watch) || type == typeof(Unwatch) || type == typeof(DeathWatchNotification)
            ? _all.FromBinary(bytes, type)
            : throw new FleetWireException("A system message is not read from other agents: only death watch crosses nodes.");
}
