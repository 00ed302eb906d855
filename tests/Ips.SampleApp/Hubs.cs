using Microsoft.AspNetCore.SignalR;

namespace Ips.SampleApp;

/// <summary>A SignalR hub. On with <c>--Sample:SignalR=true</c>.</summary>
internal static class Hubs
{
    private const string Key = "Sample:SignalR";

    /// <summary>Adds SignalR.</summary>
    public static void Configure(WebApplicationBuilder builder)
    {
        if (builder.Configuration.GetValue<bool>(Key)) builder.Services.AddSignalR();
    }

    /// <summary>The hub at <c>/hub</c>.</summary>
    public static void Map(WebApplication app)
    {
        if (app.Configuration.GetValue<bool>(Key)) app.MapHub<EchoHub>("/hub");
    }

    /// <summary>Answers with its generation.</summary>
    private sealed class EchoHub(IIpsGeneration generation) : Hub
    {
        public int Generation() => generation.Number;

        /// <summary>Answers when a file is there.</summary>
        public async Task<int> Hold(string path)
        {
            while (!File.Exists(path)) await Task.Delay(20);
            return generation.Number;
        }
    }
}
