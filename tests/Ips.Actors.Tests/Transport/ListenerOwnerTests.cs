using Akka.Actor;
using Akka.Hosting;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Transport;

/// <summary>An endpoint is bound while the actors start: it finds the owner of the sockets whenever that is registered.</summary>
public sealed class ListenerOwnerTests
{
    private const int Starts = 20_000;

    [Fact]
    public async Task Owner_RegisteredInThatMoment_IsFound()
    {
        using var begin = new Barrier(2);
        ActorRegistry actors = null!;
        var registers = Task.Run(() =>
        {
            for (var start = 0; start < Starts; start++)
            {
                begin.SignalAndWait();
                actors.Register<ListenerProtocol>(ActorRefs.Nobody);
                begin.SignalAndWait();
            }
        });
        for (var start = 0; start < Starts; start++)
        {
            actors = new ActorRegistry();
            begin.SignalAndWait();
            var owner = ListenerProtocol.OwnerAsync(actors, CancellationToken.None);
            begin.SignalAndWait();
            Assert.Same(ActorRefs.Nobody, await owner.WaitAsync(TimeSpan.FromSeconds(20)));
        }

        await registers;
    }
}
