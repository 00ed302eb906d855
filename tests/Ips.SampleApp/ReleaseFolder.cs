namespace Ips.SampleApp;

/// <summary>The folder that this build lies in. Files in it say how this release behaves, so that two releases can differ and still be
/// started alike.</summary>
internal static class ReleaseFolder
{
    /// <summary>While it is there, the process waits before its first word to a predecessor.</summary>
    public const string HoldBeforeHello = "hold-before-hello";

    /// <summary>While it is there, the app's start waits, long after its first word.</summary>
    public const string HoldBeforeReady = "hold-before-ready";

    /// <summary>While it is there, the health check is red.</summary>
    public const string Unhealthy = "unhealthy";

    /// <summary>If it is there at the start, every request is answered with status 500.</summary>
    public const string FailsRequests = "fails-requests";

    /// <summary>If it is there at the start, every request is answered with status 500 as soon as connections are accepted: the warm-up
    /// sees nothing of it.</summary>
    public const string FailsWhenServing = "fails-when-serving";

    /// <summary>If it is there at the start, the process kills itself as soon as it is to accept connections.</summary>
    public const string DiesWhenServing = "dies-when-serving";

    /// <summary>If it is there at the start, <c>Main</c> throws before the host is built.</summary>
    public const string ThrowsInMain = "throws-in-main";

    /// <summary>If it is there at the start, <c>StartAsync</c> of a hosted service throws.</summary>
    public const string ThrowsInStart = "throws-in-start";

    /// <summary>If it is there at the start, a thread of the app throws while the host starts.</summary>
    public const string ThrowsOnThread = "throws-on-thread";

    private const string NameFile = "release.txt";

    /// <summary>The release's name, as it was when the process started.</summary>
    public static string Name { get; } = Has(NameFile) ? File.ReadAllText(PathOf(NameFile)) : "built";

    /// <summary>Whether a file is there.</summary>
    public static bool Has(string file) => File.Exists(PathOf(file));

    /// <summary>Returns once a file is not there.</summary>
    public static void WaitWhileHeld(string file)
    {
        while (Has(file)) Thread.Sleep(10);
    }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
