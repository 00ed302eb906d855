using Ips.AppKinds.Kinds;

namespace Ips.AppKinds;

/// <summary>The kinds of apps, by the word that starts them.</summary>
internal static class AppKindTable
{
    /// <summary>Runs an app of each kind: its arguments, and whether it has the line <c>AddIps()</c>.</summary>
    public static IReadOnlyDictionary<string, Func<string[], bool, Task>> All { get; } = new Dictionary<string, Func<string[], bool, Task>>
    {
        ["minimal"] = MinimalApi.RunAsync,
        ["slim"] = Slim.RunAsync,
        ["empty"] = Empty.RunAsync,
        ["mvc"] = Mvc.RunAsync,
        ["razor-pages"] = RazorPages.RunAsync,
        ["startup-before"] = StartupApp.RunBeforeAsync,
        ["startup-after"] = StartupApp.RunAfterAsync,
        ["startup-inside"] = StartupApp.RunInsideAsync,
        ["listen"] = Listen.RunAsync,
        ["app-urls"] = AppUrls.RunAsync,
        ["grpc"] = GrpcApp.RunAsync,
        ["signalr"] = SignalR.RunAsync,
        ["blazor"] = BlazorServer.RunAsync,
        ["sessions"] = Sessions.RunAsync,
        ["health-checks"] = HealthChecks.RunAsync,
        ["background"] = Background.RunAsync,
        ["akka-before"] = AkkaApp.RunBeforeAsync,
        ["akka-after"] = AkkaApp.RunAfterAsync,
        ["akka-cluster"] = AkkaCluster.RunAsync,
        ["autofac"] = AutofacApp.RunAsync,
        ["serilog"] = SerilogApp.RunAsync,
        ["opentelemetry"] = Telemetry.RunAsync,
        ["middleware"] = Middleware.RunAsync,
        ["worker"] = Worker.RunAsync,
        ["test-server"] = InTestServer.RunAsync,
        ["web-host"] = OldWebHost.RunAsync,
        ["two-hosts"] = TwoHosts.RunAsync,
        ["two-lines"] = TwoHosts.RunWithTwoLinesAsync,
    };
}
