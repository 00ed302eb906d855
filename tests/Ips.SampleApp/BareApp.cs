namespace Ips.SampleApp;

/// <summary>A small app, with <c>AddIps()</c> and without: what the line costs is seen by comparison. On with <c>--bare=ips</c> or
/// <c>--bare=stock</c>, as the first argument.</summary>
internal static class BareApp
{
    private const string Option = "--bare=";

    /// <summary>Runs it, if it is asked for.</summary>
    public static bool TryRun(string[] args)
    {
        if (args is not [var first, ..] || !first.StartsWith(Option, StringComparison.Ordinal)) return false;
        var builder = WebApplication.CreateBuilder(args[1..]);
        if (first[Option.Length..] == "ips") builder.AddIps();
        var app = builder.Build();
        app.UseWebSockets();
        app.MapGet("/ping", () => "pong");
        app.Map("/ws", WebSocketEcho.ServeAsync);
        app.Run();
        return true;
    }
}
