#pragma warning disable ASPDEPR004, ASPDEPR008 // the point of this kind: apps that still use what is obsolete
using Microsoft.AspNetCore;

namespace Ips.AppKinds.Kinds;

/// <summary>The web host of ASP.NET Core 2.</summary>
internal static class OldWebHost
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebHost.CreateDefaultBuilder(args);
        if (line) builder.UseIps();
        return builder.UseStartup<Startup>().Build().RunAsync();
    }
}
