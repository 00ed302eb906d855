// A web app that is a node of an Akka.NET cluster. During a reload it has two generations, of which one is a member.
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;
using AkkaCluster;

var builder = WebApplication.CreateBuilder(args);
builder.AddIps(); // SIGUSR2 replaces this process by the release that is now in its place
var settings = builder.Configuration.GetSection("Cluster");
builder.Services.AddAkka("shop", akka => akka
    .AddHocon(Membership.Settings, HoconAddMode.Prepend)
    // Port 0, because two generations run at once. A seed needs a fixed port: that node is restarted, and not reloaded.
    .WithRemoting("127.0.0.1", settings.GetValue("Port", 0))
    .WithClustering(new ClusterOptions()) // no seed nodes here: with them, a node joins as soon as it starts
    .WithActors((system, registry) => registry.Register<Greeter>(system.ActorOf(Props.Create(() => new Greeter()), "greeter")))
    .WithSingleton<Reporter>("reporter", (_, _, _) => Props.Create(() => new Reporter()), createProxyToo: false));

var app = builder.Build();
Membership.Follow(app.Services, settings["Seed"]);
app.MapIpsProbes();
// By an actor of this process: while it is not a member it still answers requests, before its promotion and after its leave.
app.MapGet("/greet/{name}", (string name, IRequiredActor<Greeter> greeter) =>
    greeter.ActorRef.Ask<string>(name, TimeSpan.FromSeconds(5)));
app.MapGet("/members", (ActorSystem system) => Cluster.Get(system).State.Members.Select(member => $"{member.Address} {member.Status}"));
app.Run();
