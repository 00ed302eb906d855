using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;

namespace Ips.AppKinds.Kinds;

/// <summary>A node of an Akka.NET cluster: the generation that is primary is the member.</summary>
internal static class AkkaCluster
{
    private const string KeepSystem =
        "akka.coordinated-shutdown { terminate-actor-system = off, run-by-actor-system-terminate = off }";

    public static async Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        // No seed nodes here: a node with seeds joins when it starts. Port 0: two generations run at once. A node that has left the
        // cluster ends its actor system, and the host with it, unless it is told not to: its generation still answers requests.
        builder.Services.AddAkka("app", akka => akka
            .AddHocon(KeepSystem, HoconAddMode.Prepend)
            .WithRemoting("127.0.0.1", builder.Configuration.GetValue("cluster-port", 0)).WithClustering(new ClusterOptions()));
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", async (ActorSystem system) => await UpAsync(Cluster.Get(system)));
        app.MapGet("/members", (ActorSystem system) => Members(Cluster.Get(system)));
        if (app.Services.GetService<IIpsGeneration>() is { } generation)
        {
            generation.OnPromoted(cancellation => Of(app).JoinAsync(Seed(app), cancellation));
            generation.OnDraining(cancellation => Of(app).LeaveAsync(cancellation));
            generation.OnReleasing(_ => app.Services.GetRequiredService<ActorSystem>().Terminate());
            await app.RunAsync();
            return;
        }

        await app.StartAsync();
        await Of(app).JoinAsync(Seed(app));
        await app.WaitForShutdownAsync();
    }

    private static Cluster Of(WebApplication app) => Cluster.Get(app.Services.GetRequiredService<ActorSystem>());

    // The first node of a cluster joins itself.
    private static Address Seed(WebApplication app) =>
        app.Configuration["seed"] is { } seed ? Address.Parse(seed) : Of(app).SelfAddress;

    private static async Task<string> UpAsync(Cluster cluster)
    {
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.RegisterOnMemberUp(up.SetResult);
        await up.Task;
        return "a member that is up";
    }

    private static string Members(Cluster cluster) => string.Join(", ",
    [
        .. cluster.State.Members.Select(member => $"{member.Status}"),
        .. cluster.State.Unreachable.Select(member => $"unreachable {member.Address}"),
    ]);
}
