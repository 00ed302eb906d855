namespace Ips.AppKinds.Kinds;

/// <summary>Razor pages and static files.</summary>
internal static class RazorPages
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddRazorPages();
        var app = builder.Build();
        app.UseStaticFiles();
        app.UseRouting();
        app.MapCommon();
        app.MapRazorPages();
        return app.RunAsync();
    }
}
