using Autofac;
using Autofac.Extensions.DependencyInjection;

namespace Ips.AppKinds.Kinds;

/// <summary>Autofac instead of the built-in container.</summary>
internal static class AutofacApp
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Host.UseServiceProviderFactory(new AutofacServiceProviderFactory());
        builder.Host.ConfigureContainer<ContainerBuilder>(container =>
        {
            container.RegisterInstance(new Greeting("Hello from Autofac")).Named<Greeting>("kind");
            container.Register(context => context.ResolveNamed<Greeting>("kind")).AsSelf().SingleInstance();
        });
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", (ILifetimeScope scope) => scope.ResolveNamed<Greeting>("kind").Text);
        return app.RunAsync();
    }
}
