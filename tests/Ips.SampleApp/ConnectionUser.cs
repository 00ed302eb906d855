using Ips.Actors.Configuration;
using Microsoft.AspNetCore.Connections;

namespace Ips.SampleApp;

/// <summary>Who logged in on a connection, kept in a feature of the connection alone. On with <c>--Sample:ConnectionUser=held</c>;
/// with <c>movable</c> the app says that it may be left behind.</summary>
internal sealed class ConnectionUser
{
    private const string Key = "Sample:ConnectionUser";

    /// <summary>The name; null until somebody logged in.</summary>
    public string? Name { get; private set; }

    /// <summary>What the app tells <c>AddIps()</c> of it.</summary>
    public static void Configure(IpsOptions options, IConfiguration configuration)
    {
        if (configuration[Key] == "movable") options.MovableFeatures.Add(typeof(ConnectionUser));
    }

    /// <summary>The connection middleware.</summary>
    public static void Configure(WebApplicationBuilder builder)
    {
        if (builder.Configuration[Key] is null) return;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
        {
            connection.Features.Set(new ConnectionUser());
            return next(connection);
        })));
    }

    /// <summary><c>/login/NAME</c>, and <c>/who</c> on the same connection.</summary>
    public static void Map(WebApplication app)
    {
        app.MapGet("/login/{name}", (string name, HttpContext context) => Of(context).Name = name);
        app.MapGet("/who", (HttpContext context) => Of(context).Name ?? "nobody");
    }

    private static ConnectionUser Of(HttpContext context) =>
        context.Features.Get<ConnectionUser>() ?? throw new InvalidOperationException($"This app was started without {Key}.");
}
