using Ips.AppKinds.Components;

namespace Ips.AppKinds.Kinds;

/// <summary>Blazor with interactive server components.</summary>
internal static class BlazorServer
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.WebHost.UseStaticWebAssets(); // as while it is developed: nothing is published here
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        var app = builder.Build();
        app.UseAntiforgery();
        app.MapCommon();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        return app.RunAsync();
    }
}
