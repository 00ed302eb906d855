namespace Ips.AppKinds.Kinds;

/// <summary>Sessions in memory.</summary>
internal static class Sessions
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddDistributedMemoryCache();
        builder.Services.AddSession();
        var app = builder.Build();
        app.UseSession();
        app.MapCommon();
        app.MapGet("/kind", (HttpContext context) =>
        {
            var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
            context.Session.SetInt32("visits", visits);
            return $"visit {visits}";
        });
        return app.RunAsync();
    }
}
