using Grpc.Core;

namespace Ips.AppKinds.Kinds;

/// <summary>gRPC, on an endpoint for HTTP/2 by prior knowledge.</summary>
internal static class GrpcApp
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapCommon();
        app.MapGrpcService<GreeterService>();
        app.MapGet("/kind", (HttpContext context) => $"gRPC beside {context.Request.Protocol}");
        return app.RunAsync();
    }
}

/// <summary>The service of greeter.proto.</summary>
internal sealed class GreeterService : Greeter.GreeterBase
{
    public override Task<HelloReply> SayHello(HelloRequest request, ServerCallContext context) =>
        Task.FromResult(new HelloReply { Text = $"Hello {request.Name}" });
}
