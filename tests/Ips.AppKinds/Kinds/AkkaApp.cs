using Akka.Actor;
using Akka.Hosting;

namespace Ips.AppKinds.Kinds;

/// <summary>An app on Akka.NET with an actor system of its own, and the line before or after it.</summary>
internal static class AkkaApp
{
    public static Task RunBeforeAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        AddActors(builder);
        if (line) builder.AddIps();
        return RunAsync(builder);
    }

    public static Task RunAfterAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        AddActors(builder);
        return RunAsync(builder);
    }

    private static void AddActors(WebApplicationBuilder builder) => builder.Services.AddAkka("app", akka => akka
        .WithActors((system, registry) => registry.Register<GreetingActor>(system.ActorOf(Props.Create(() => new GreetingActor()), "hi"))));

    private static Task RunAsync(WebApplicationBuilder builder)
    {
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", async (IRequiredActor<GreetingActor> actor, ActorSystem system) =>
            $"{system.Name}: {await actor.ActorRef.Ask<string>("Akka.NET", TimeSpan.FromSeconds(10))}");
        return app.RunAsync();
    }
}

/// <summary>The app's actor.</summary>
internal sealed class GreetingActor : ReceiveActor
{
    public GreetingActor() => Receive<string>(name => Sender.Tell($"Hello {name} from {Self.Path.ToStringWithoutAddress()}"));
}
