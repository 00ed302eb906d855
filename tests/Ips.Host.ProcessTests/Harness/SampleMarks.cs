namespace Ips.Host.ProcessTests.Harness;

/// <summary>The marks that Ips.SampleApp looks for beside its executable; see its ReleaseFolder.</summary>
internal static class SampleMarks
{
    public const string HoldBeforeHello = "hold-before-hello";

    public const string HoldBeforeReady = "hold-before-ready";

    /// <summary>The id of the event that says that a start is held before ready: hosted services run, and with them all that came before
    /// this one.</summary>
    public const int StartHeld = 9001;

    public const string Unhealthy = "unhealthy";

    public const string FailsRequests = "fails-requests";

    public const string FailsWhenServing = "fails-when-serving";

    public const string DiesWhenServing = "dies-when-serving";

    public const string ThrowsInMain = "throws-in-main";

    public const string ThrowsInStart = "throws-in-start";

    public const string ThrowsOnThread = "throws-on-thread";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [HoldBeforeHello, HoldBeforeReady, Unhealthy, FailsRequests, FailsWhenServing,
        DiesWhenServing, ThrowsInMain, ThrowsInStart, ThrowsOnThread];
}
