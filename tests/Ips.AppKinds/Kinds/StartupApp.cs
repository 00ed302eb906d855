namespace Ips.AppKinds.Kinds;

/// <summary>The generic host with a <c>Startup</c> class, with the line at each place where one may write it.</summary>
internal static class StartupApp
{
    public static Task RunBeforeAsync(string[] args, bool line)
    {
        var builder = Host.CreateDefaultBuilder(args);
        if (line) builder.UseIps();
        return builder.ConfigureWebHostDefaults(web => web.UseStartup<Startup>()).Build().RunAsync();
    }

    public static Task RunAfterAsync(string[] args, bool line)
    {
        var builder = Host.CreateDefaultBuilder(args).ConfigureWebHostDefaults(web => web.UseStartup<Startup>());
        if (line) builder.UseIps();
        return builder.Build().RunAsync();
    }

    public static Task RunInsideAsync(string[] args, bool line) =>
        Host.CreateDefaultBuilder(args).ConfigureWebHostDefaults(web =>
        {
            if (line) web.UseIps();
            web.UseStartup<Startup>();
        }).Build().RunAsync();
}

/// <summary>Services and pipeline of an app that was begun before .NET 6.</summary>
internal sealed class Startup(IConfiguration configuration)
{
    public void ConfigureServices(IServiceCollection services) =>
        services.AddSingleton(new Greeting($"Hello from Startup, {configuration["AllowedHosts"]}"));

#pragma warning disable CA1822 // Startup's methods are called on an instance
    public void Configure(IApplicationBuilder app, IWebHostEnvironment environment)
#pragma warning restore CA1822
    {
        if (environment.IsDevelopment()) app.UseDeveloperExceptionPage();
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapCommon();
            endpoints.MapGet("/kind", context =>
                context.Response.WriteAsync(context.RequestServices.GetRequiredService<Greeting>().Text));
        });
    }
}

/// <summary>A service of the app.</summary>
internal sealed record Greeting(string Text);
