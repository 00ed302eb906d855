using Akka.Actor;

namespace Ips.Actors.Lifecycle;

/// <summary>How an actor is made, at its start and at each restart. Akka's own <c>Props.Create</c> takes an expression, and compiles it at
/// each start of the process.</summary>
internal static class ActorProps
{
    /// <summary>An actor that a delegate makes.</summary>
    /// <typeparam name="TActor">The actor's type.</typeparam>
    /// <param name="create">Makes a new one.</param>
    public static Props Of<TActor>(Func<TActor> create)
        where TActor : ActorBase => Props.CreateBy(new Producer<TActor>(create));

    private sealed class Producer<TActor>(Func<TActor> create) : IIndirectActorProducer
        where TActor : ActorBase
    {
        public Type ActorType => typeof(TActor);

        public ActorBase Produce() => create();

        public void Release(ActorBase actor)
        {
            // Nothing was rented.
        }
    }
}
