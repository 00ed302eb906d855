using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>A ListenerActor of a test: offers what the test says, and leaves every other message to it.</summary>
internal static class OfferingListeners
{
    /// <summary>Answers each <see cref="ListenerProtocol.Offer"/>, which the test does not see then.</summary>
    public static TestProbe Offering(this TestProbe listeners, Func<object> answer)
    {
        listeners.SetAutoPilot(new DelegateAutoPilot((sender, message) =>
        {
            if (message is ListenerProtocol.Offer)
            {
                sender.Tell(answer());
            }

            return AutoPilot.KeepRunning;
        }));
        listeners.IgnoreMessages(message => message is ListenerProtocol.Offer);
        return listeners;
    }
}
