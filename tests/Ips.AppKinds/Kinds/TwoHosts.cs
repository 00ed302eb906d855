namespace Ips.AppKinds.Kinds;

/// <summary>Two hosts in one process: the app, and one for its operators on a port of its own.</summary>
internal static class TwoHosts
{
    /// <summary>Only the first one has the line.</summary>
    public static Task RunAsync(string[] args, bool line) => RunAsync(args, line, adminLine: false);

    /// <summary>Both have it.</summary>
    public static Task RunWithTwoLinesAsync(string[] args, bool line) => RunAsync(args, line, adminLine: line);

    private static async Task RunAsync(string[] args, bool line, bool adminLine)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", () => "the app");

        var adminBuilder = WebApplication.CreateBuilder(args);
        if (adminLine) adminBuilder.AddIps();
        var admin = adminBuilder.Build();
        admin.Urls.Add($"http://127.0.0.1:{admin.Configuration["admin-port"]}");
        admin.MapGet("/admin", () => "the operators' host");

        await Task.WhenAll(app.RunAsync(), admin.RunAsync());
    }
}
