namespace Ips.SampleApp;

/// <summary>As an app does that waits at its stop until load balancers look away: holds up <c>ApplicationStopping</c> until a file is
/// there. On with <c>--Sample:HeldStop=PATH</c>.</summary>
internal static class HeldStop
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1), Pause = TimeSpan.FromMilliseconds(20);

    public static void Configure(WebApplication app)
    {
        if (app.Configuration["Sample:HeldStop"] is not { } path) return;
        app.Lifetime.ApplicationStopping.Register(() =>
        {
            for (var waited = TimeSpan.Zero; !File.Exists(path) && waited < Limit; waited += Pause) Thread.Sleep(Pause);
        });
    }
}
