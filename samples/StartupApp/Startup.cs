namespace StartupApp;

/// <summary>Unchanged: services and pipeline of the app.</summary>
internal sealed class Startup(IConfiguration configuration)
{
    public void ConfigureServices(IServiceCollection services)
    {
        services.AddControllers();
        services.AddHealthChecks();
        services.AddSingleton(new Rooms(configuration.GetSection("Rooms").Get<string[]>() ?? []));
    }

    public void Configure(IApplicationBuilder app, IWebHostEnvironment environment)
    {
        if (environment.IsDevelopment()) app.UseDeveloperExceptionPage();
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapHealthChecks("/health"); // a reload asks these checks too, wherever they are mapped
            endpoints.MapControllers();
        });
    }
}

/// <summary>The rooms of a house, from the configuration.</summary>
public sealed record Rooms(IReadOnlyList<string> Names);
